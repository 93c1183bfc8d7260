"""Locust's users against a real server: the exit code says whether the objective was met."""

import subprocess
import sys
from pathlib import Path

import pytest

from loadtests.servers import ROOT
from rebracket.registry import ExportedModel
from tests.system.conftest import serving

NOBODY = "http://127.0.0.1:9"


def locust(host: str, folder: Path, load: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "locust", "-f", "loadtests/locustfile.py", "--headless"]
    options = ["--host", host, "--load", load, "--shorten", "0.05", "--csv", str(folder / "run")]
    return subprocess.run(
        [*command, *options], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.parametrize("load", ["steady", "mixed"])
def test_every_kind_of_user_is_answered(load: str, exported: ExportedModel, tmp_path: Path) -> None:
    assert exported.version
    with serving("rebracket.cli", "serve", AUTH__ENABLED="false") as server:
        result = locust(server.url, tmp_path, load)
    found = (tmp_path / "run_stats.csv").read_text()
    assert "POST,/predict," in found
    assert "failed" not in result.stdout, result.stdout
    assert "answers" in result.stdout, result.stderr
    if load == "mixed":
        assert "POST,/predict_batch," in found


def test_a_service_that_is_not_there_fails_the_run(tmp_path: Path) -> None:
    result = locust(NOBODY, tmp_path, "steady")
    assert result.returncode == 1
    assert "NOT MET: 100.00% of requests failed" in result.stdout
