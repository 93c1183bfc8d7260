"""A settings file of a test's own."""

from pathlib import Path

import pytest


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where `REBRACKET_CONFIG` says that the file is; the test writes it."""
    path = tmp_path / "config.yaml"
    monkeypatch.setenv("REBRACKET_CONFIG", str(path))
    return path
