"""One salt a deployment, whoever makes it first."""

import subprocess
import sys
from pathlib import Path

import pytest

from rebracket.monitoring.salt import salt, salted


def test_hashes_can_be_compared_and_depend_on_the_salt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for name in ("one", "other"):
        monkeypatch.setenv("BENTOML_HOME", str(tmp_path / name))
        salt.cache_clear()
        assert salted("zed") == salted("zed") != salted("zee")
        found.append(salted("zed"))
    salt.cache_clear()
    assert found[0] != found[1]
    assert (tmp_path / "one" / "rebracket" / "salt").stat().st_mode & 0o077 == 0


def test_processes_that_start_together_share_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path))
    command = [sys.executable, "-c", "from rebracket.monitoring.salt import *; print(salted('a'))"]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(4)]
    assert len({process.communicate()[0] for process in processes}) == 1
    assert [path.name for path in (tmp_path / "rebracket").iterdir()] == ["salt"]
