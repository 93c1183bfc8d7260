"""Files of limits and predictions that can't be used are lines; others are left as they are."""

import sqlite3
from pathlib import Path

import pytest

from rebracket.config import Monitoring, RateLimit
from rebracket.monitoring.store import PredictionStore
from rebracket.preflight.stores import limit_problems, prediction_problems


def of_limits(storage: str, *, enabled: bool = True) -> list[str]:
    return list(limit_problems(RateLimit(enabled=enabled, storage=storage)))


def of_predictions(path: Path) -> list[str]:
    return list(prediction_problems(Monitoring(store=path)))


def test_files_that_can_be_made_are_no_problem_and_are_not_made(tmp_path: Path) -> None:
    assert of_limits(f"sqlite:///{tmp_path}/folder/limits.db") == []
    assert of_predictions(tmp_path / "folder" / "predictions.db") == []
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_a_folders_place(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "some.db"
    line = f"{path} can't be written: Not a directory"
    assert of_limits(f"sqlite:///{path}") == [f"deployment.rate_limit.storage: {line}"]
    assert of_predictions(path) == [f"deployment.monitoring.store: {line}"]


def test_files_that_are_no_databases(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    path.write_bytes(b"no database at all, but long enough to look like one" * 99)
    assert of_limits(f"sqlite:///{path}") == [f"limits in {path}: file is not a database"]
    assert of_predictions(path) == [f"predictions in {path}: file is not a database"]


def test_predictions_of_another_version(tmp_path: Path) -> None:
    path = tmp_path / "predictions.db"
    PredictionStore(path, max_rows=1, max_bytes=1).close()
    assert of_predictions(path) == []
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    assert of_predictions(path) == [f"{path}: written by another version of this package"]


@pytest.mark.parametrize(
    ("url", "lines"),
    [
        ("redis://127.0.0.1:1/0", []),  # it may come later
        (
            "redis://a/0?socket_timeout=soon",
            [
                "deployment.rate_limit.storage: Invalid value for 'socket_timeout' in connection URL."
            ],
        ),
        (
            "redis://:hunter2/0",
            ["deployment.rate_limit.storage: Port could not be cast to integer value as …"],
        ),
    ],
)
def test_urls_of_redis_are_read_and_not_called(url: str, lines: list[str]) -> None:
    assert of_limits(url) == lines


def test_limits_that_are_not_counted_are_not_looked_at() -> None:
    assert of_limits("sqlite:////proc/no/limits.db", enabled=False) == []
