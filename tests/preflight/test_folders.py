"""Where files can't be written is found by writing, and no file stays."""

from pathlib import Path

import pytest

from rebracket.preflight.folders import problems, unwritable


def test_what_can_be_written_or_made_is_no_problem_and_nothing_is_made(tmp_path: Path) -> None:
    there = tmp_path / "there.db"
    there.write_bytes(b"as it was")
    assert unwritable(there) is None
    assert unwritable(tmp_path / "new.db") is None
    assert unwritable(tmp_path / "folders" / "to" / "make" / "new.db") is None
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == {there: b"as it was"}


def test_a_file_in_a_folders_place_is_a_reason(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert unwritable(tmp_path / "file" / "keys.db") == "Not a directory"
    assert unwritable(tmp_path / "file" / "deeper" / "keys.db") == "Not a directory"


def test_a_folder_in_a_files_place_is_a_reason(tmp_path: Path) -> None:
    assert unwritable(tmp_path) == "Is a directory"


def test_a_folder_that_takes_no_files_is_a_reason_even_for_root() -> None:
    assert unwritable(Path("/proc/no/keys.db")) is not None


def test_a_relative_path_is_looked_at_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    assert unwritable(Path("keys.db")) is None
    assert unwritable(Path("file/keys.db")) == "Not a directory"


def test_the_deployments_own_folder_is_named_by_what_moves_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path))
    assert list(problems()) == []
    (tmp_path / "rebracket").touch()
    assert list(problems()) == [
        f"BENTOML_HOME: {tmp_path}/rebracket can't be written: Not a directory"
    ]
