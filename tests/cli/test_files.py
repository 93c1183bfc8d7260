"""Files that commands write are there whole or not at all."""

import os
from pathlib import Path

import pytest

from rebracket.cli.files import check_outputs, write_whole
from rebracket.errors import RebracketError


def test_files_hold_what_they_should_and_nothing_else_is_left(tmp_path: Path) -> None:
    outputs = {"--out": tmp_path / "a", "--wav": tmp_path / "b"}
    (tmp_path / "a").write_bytes(b"what was there before, and longer")
    write_whole(outputs, {"--out": b"first", "--wav": b"second"})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "a": b"first",
        "b": b"second",
    }


def test_where_one_file_fails_none_is_written(tmp_path: Path) -> None:
    outputs = {"--out": tmp_path / "a", "--wav": tmp_path / "missing" / "b"}
    (tmp_path / "a").write_bytes(b"before")
    with pytest.raises(RebracketError, match=r"--wav: .*/missing/b: No such file or directory"):
        write_whole(outputs, {"--out": b"first", "--wav": b"second"})
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"before"]


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"before")
    (tmp_path / "link").symlink_to("file")
    write_whole({"--out": tmp_path / "link"}, {"--out": b"after"})
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"after"


def test_a_new_file_may_be_read_by_whom_the_process_lets_read_it(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_whole({"--out": tmp_path / "a"}, {"--out": b""})
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


def test_what_can_be_written_passes(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"")
    check_outputs(
        {"--out": tmp_path / "new", "--wav": tmp_path / "old"}, [tmp_path / "other", tmp_path / "x"]
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing/a", "missing: no such folder"),
        ("file/a", "file: no such folder"),
        ("folder", "folder: not a file that can be written over"),
        ("pipe", "pipe: not a file that can be written over"),
        ("read", "read: this file is read, name another one"),
        ("./folder/../read", "this file is read"),
        ("symbolic", "this file is read"),
        ("hard", "this file is read"),
        ("dangling", "this file is read"),
        ("n" * 300, "File name too long"),
    ],
)
def test_what_can_not_be_written_is_refused_by_its_option(
    name: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "read").write_bytes(b"")
    (tmp_path / "symbolic").symlink_to("read")
    (tmp_path / "hard").hardlink_to(tmp_path / "read")
    (tmp_path / "dangling").symlink_to("not-there")
    os.mkfifo(tmp_path / "pipe")
    inputs = [tmp_path / "not-there", tmp_path / "read"]
    with pytest.raises(RebracketError, match=message) as caught:
        check_outputs({"--out": tmp_path / name}, inputs)
    assert str(caught.value).startswith("--out: ")


def test_two_options_may_not_name_one_file(tmp_path: Path) -> None:
    outputs = {"--out": tmp_path / "a", "--wav": tmp_path / "b", "--png": tmp_path / "." / "a"}
    with pytest.raises(RebracketError, match=r"--png: .*/a: --out names this file too"):
        check_outputs(outputs)
