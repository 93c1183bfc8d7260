"""All is looked at in one go."""

import socket
from pathlib import Path

import pytest

from rebracket.config import Deployment
from rebracket.preflight import Findings, look
from tests.redis_server import free_port
from tests.small_store import Save


def found(**settings: object) -> Findings:
    return look(Deployment.model_validate(settings))


def test_what_is_right_is_left_alone(save: Save, home: Path) -> None:
    save("1.0.0")
    before = sorted(home.rglob("*"))
    assert found(api={"port": free_port()}) == Findings([], [])
    assert sorted(home.rglob("*")) == before


def test_everything_that_is_wrong_has_its_line(home: Path, tmp_path: Path) -> None:
    assert home.is_dir()
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "some.db"
    with socket.create_server(("127.0.0.1", 0)) as server:
        findings = found(
            api={"port": server.getsockname()[1]},
            auth={"store": f"sqlite:///{path}"},
            rate_limit={"storage": f"sqlite:///{path}"},
            monitoring={"store": str(path)},
        )
    assert [line.partition(":")[0] for line in findings.problems] == [
        "deployment.api.port",
        "deployment.auth.store",
        "deployment.rate_limit.storage",
        "deployment.monitoring.store",
        "deployment.model_path",
    ]


def test_a_model_store_that_is_a_file_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "bentoml"
    home.touch()
    monkeypatch.setenv("BENTOML_HOME", str(home))
    elsewhere = {"auth": {"enabled": False}, "rate_limit": {"enabled": False}}
    findings = found(
        api={"port": free_port()}, monitoring={"store": str(tmp_path / "p.db")}, **elsewhere
    )
    assert findings.problems == [
        f"BENTOML_HOME: {home}/rebracket can't be written: Not a directory"
    ]


def test_more_workers_than_cores_are_a_warning(save: Save) -> None:
    save("1.0.0")
    findings = found(api={"port": free_port()}, workers=256)
    assert findings.problems == []
    (warning,) = findings.warnings
    assert warning.startswith("deployment.workers: 256 are more than this machine's ")
