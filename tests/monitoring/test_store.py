"""Predictions are kept by many writers at once, and only so many."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rebracket.errors import PredictionStoreError
from rebracket.monitoring.metrics import UNSTORED
from rebracket.monitoring.rows import NAMES, Row
from rebracket.monitoring.store import TABLE, PredictionStore
from rebracket.monitoring.writer import Writer
from tests.monitoring.made import made

COUNT = "SELECT count(*) FROM predictions"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "predictions.db"


def opened(path: Path, max_rows: int = 1000, max_bytes: int = 2**30) -> PredictionStore:
    return PredictionStore(path, max_rows=max_rows, max_bytes=max_bytes)


def count(store: PredictionStore) -> int:
    ((found,),) = store.query(COUNT)
    return int(found)


def test_a_row_comes_back_as_it_was(path: Path) -> None:
    store, row = opened(path), made(content='{"text": "a"}')
    store.append([row])
    (found,) = store.query(f"SELECT {','.join(NAMES)} FROM predictions")  # noqa: S608 - our own names
    assert Row(*found) == row
    assert path.stat().st_mode & 0o077 == 0
    store.close()


def test_the_columns_of_the_table_are_the_fields_of_a_row() -> None:
    with sqlite3.connect(":memory:") as connection:
        connection.executescript(TABLE)
        names = [row[1] for row in connection.execute("PRAGMA table_info(predictions)")]
    connection.close()
    assert names == ["id", *NAMES]


def test_the_oldest_rows_make_room(path: Path) -> None:
    store = opened(path, max_rows=100)
    for start in range(0, 300, 30):
        store.append([made(request_id=str(n)) for n in range(start, start + 30)])
    kept = store.query("SELECT request_id FROM predictions ORDER BY id")
    assert [name for (name,) in kept] == [str(n) for n in range(200, 300)]
    store.close()


def test_the_file_stays_within_its_bytes(path: Path) -> None:
    store = opened(path, max_rows=10**6, max_bytes=2**20)
    for _ in range(40):
        store.append([made(content="x" * 5000) for _ in range(20)])
    assert 0 < count(store) < 800
    assert path.stat().st_size < 2 * 2**20
    store.close()


def test_all_processes_of_a_machine_share_it(path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.monitoring.made import made\n"
        "from rebracket.monitoring.store import PredictionStore\n"
        "store = PredictionStore(Path(sys.argv[1]), max_rows=10**6, max_bytes=2**30)\n"
        "for _ in range(50): store.append([made() for _ in range(10)])"
    )
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", code, str(path)]
    processes = [subprocess.Popen(command, cwd=root) for _ in range(4)]
    assert [process.wait() for process in processes] == [0] * 4
    store = opened(path, max_rows=10**6)
    assert count(store) == 2000
    store.close()


def test_a_store_of_another_version_is_refused_as_it_is(path: Path) -> None:
    opened(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 7")
    connection.close()
    with pytest.raises(PredictionStoreError, match="another version"):
        opened(path)


@pytest.mark.parametrize("spoil", [lambda p: p.write_bytes(b"no database" * 99), Path.mkdir])
def test_what_is_no_database_is_refused(path: Path, spoil: Callable[[Path], object]) -> None:
    path.parent.mkdir()
    spoil(path)
    with pytest.raises(PredictionStoreError, match=r"predictions\.db"):
        opened(path)


def test_the_writer_loses_nothing_when_it_is_closed(path: Path) -> None:
    store = opened(path, max_rows=10**6)
    writer = Writer(store)
    for _ in range(3000):
        writer.put(made())
    writer.close()
    assert count(store) == 3000
    store.close()


def test_what_finds_no_room_is_counted_and_makes_nobody_wait(path: Path) -> None:
    store = opened(path)
    before = unstored()
    writer = Writer(store, room=5)
    with store._lock:  # the thread can't write now
        for _ in range(600):
            writer.put(made())
    writer.close()
    assert count(store) + unstored() - before == 600
    assert unstored() > before
    store.close()


def test_a_store_that_fails_is_told_once_and_its_rows_are_counted(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = opened(path)
    store.query("DROP TABLE predictions")
    before = unstored()
    for _ in range(2):
        writer = Writer(store)
        for _ in range(10):
            writer.put(made())
        writer.close()
    assert unstored() - before == 20
    assert "not stored" in caplog.text
    store.close()


def unstored() -> float:
    (family,) = UNSTORED.collect()
    return next(s.value for s in family.samples if s.name == "rebracket_unstored_total")
