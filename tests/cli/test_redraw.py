"""A piece of one's own is rebracketed, whatever it is, and files are written whole or not at all."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from rebracket.cli import main
from rebracket.cli.redraw import KINDS
from rebracket.segment.audio import read_audio
from rebracket.segment.midi import MAX_BYTES, read_midi, write_midi
from rebracket.segment.notes import Notes
from rebracket.segment.operations.notes import OPERATIONS
from rebracket.taxonomy import TYPES, RebracketingType
from tests.segment.operations.notes.material import (
    ONE_NOTE,
    PIECES,
    beat,
    line,
    piece,
    rows_of,
    voices,
)
from tests.segment.raw_midi import NOTE, midi, simple, track

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
TUNE = piece([*voices(3), *beat(32, track=3)], meters=((0.0, 4, 4), (8.0, 3, 4)))
SIXTEEN = piece(
    row
    for number in range(16)
    for row in line([40 + 2 * number, 41 + 2 * number] * 4, track=number, program=number)
)
NAMES = {kind: [item.name for item in OPERATIONS if item.type == kind] for kind in TYPES}


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["rebracket", *map(str, arguments)])


def made(folder: Path, data: bytes, *arguments: str) -> bytes:
    """What the command makes of a file."""
    source, out = folder / "in.mid", folder / "out.mid"
    source.write_bytes(data)
    result = run(source, "--out", out, *arguments)
    assert result.exit_code == 0, result.output
    return out.read_bytes()


@pytest.fixture
def tune(tmp_path: Path) -> Path:
    path = tmp_path / "tune.mid"
    path.write_bytes(write_midi(TUNE))
    return path


@pytest.mark.parametrize("kind", TYPES)
def test_an_operation_of_each_name_does_what_it_does(kind: str, tmp_path: Path) -> None:
    plain = read_midi(write_midi(TUNE))
    for operation in (item for item in OPERATIONS if item.type == kind):
        arguments = ("--type", kind, "--operation", operation.name, "--intensity", "0.6")
        data = made(tmp_path, write_midi(TUNE), *arguments, "--seed", "5")
        assert data == write_midi(operation.apply(plain, 0.6, np.random.default_rng(5)))


def test_a_name_may_have_hyphens_and_capitals(tmp_path: Path) -> None:
    data = write_midi(TUNE)
    plain, *others = (
        made(tmp_path, data, "--type", "temporal", "--operation", name)
        for name in ("bars reversed", "bars-reversed", "Bars_Reversed")
    )
    assert others == [plain, plain]


def test_seeds_in_a_row_choose_all_operations_and_the_same_one_the_same(tune: Path) -> None:
    out = tune.parent / "out.mid"
    found = []
    for seed in ("3", "4", "5", "3"):
        result = run(tune, "--type", "causal", "--seed", seed, "--out", out, "--json")
        found.append((json.loads(result.stdout)["operation"], out.read_bytes()))
    assert {name for name, _ in found} == set(NAMES[RebracketingType.CAUSAL])
    assert found[0] == found[3]


def test_tempos_meters_instruments_and_drums_stay(tmp_path: Path) -> None:
    plain = read_midi(write_midi(TUNE))
    kept = read_midi(made(tmp_path, write_midi(TUNE), "--type", "temporal"))
    assert (kept.tempos, kept.meters, kept.length) == (plain.tempos, plain.meters, plain.length)
    for notes in (kept, plain):
        assert set(notes.program[~notes.drum].tolist()) == {40, 41, 42}
        assert notes.drum.sum() == 64


def test_it_is_printed_what_became_of_the_notes(tune: Path) -> None:
    arguments = ("--type", "spatial", "--operation", "octaves-displaced", "--intensity", "0.5")
    files = [tune.parent / name for name in ("x.mid", "x.wav", "x.png")]
    named = [item for pair in zip(("--out", "--wav", "--png"), files, strict=True) for item in pair]
    said = run(tune, *arguments, *named).stdout.splitlines()
    facts = json.loads(run(tune, *arguments, *named, "--json").stdout)
    assert said[0] == "spatial: octaves displaced, intensity 0.5, seed 1"
    assert said[2:] == [str(path) for path in files]
    assert said[1] == "notes: " + ", ".join(f"{facts['notes'][kind]} {kind}" for kind in KINDS)
    assert facts["notes"]["new"] == facts["notes"]["gone"] > 0
    assert facts["notes"]["kept"] + facts["notes"]["new"] == len(read_midi(files[0].read_bytes()))
    assert facts["files"] == {
        path.suffix.strip(".").replace("mid", "out"): str(path) for path in files
    }
    assert read_audio(files[1].read_bytes()).seconds == pytest.approx(16, abs=0.5)
    assert files[2].read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("kind", TYPES)
def test_at_intensity_0_the_file_comes_back_and_it_is_said(kind: str, tune: Path) -> None:
    out = tune.parent / "out.mid"
    result = run(tune, "--type", kind, "--intensity", "0", "--out", out)
    assert "at intensity 0 the music comes back as it is" in result.stdout
    assert f"notes: {len(TUNE)} kept, 0 altered, 0 new, 0 gone" in result.stdout
    assert out.read_bytes() == tune.read_bytes()


def test_it_is_said_where_nothing_changes(tmp_path: Path) -> None:
    (tmp_path / "in.mid").write_bytes(write_midi(PIECES["drums only"]))
    arguments = ("--type", "ontological", "--operation", "mode-exchanged")
    result = run(tmp_path / "in.mid", *arguments, "--out", tmp_path / "out.mid")
    assert "finds nothing to change" in result.stdout


ODD = {
    **{name: write_midi(notes) for name, notes in PIECES.items()},
    "16 tracks": write_midi(SIXTEEN),
    "one bar": write_midi(piece(line([60, 64, 67, 72]))),
    "SMPTE time": midi(track(NOTE * 9), division=0xE728),
    "format 2": midi(track(NOTE * 3), track(NOTE * 2), kind=2),
    "the slowest and the fastest tempo": simple(
        b"\x00\xff\x51\x03\xff\xff\xff", NOTE, b"\x00\xff\x51\x03\x00\x00\x01", NOTE
    ),
}


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("name", ODD)
def test_odd_pieces_can_be_rebracketed_along_every_type(
    kind: str, name: str, tmp_path: Path
) -> None:
    plain = read_midi(ODD[name])
    for operation in NAMES[RebracketingType(kind)]:
        data = made(tmp_path, ODD[name], "--type", kind, "--operation", operation)
        assert read_midi(data).length == pytest.approx(plain.length, rel=0.1)


@st.composite
def pieces(draw: st.DrawFn) -> Notes:
    """Small pieces of up to 16 voices, some of them drums, with tempos and meters that change."""
    length = draw(st.sampled_from([1.0, 3.5, 8.0, 13.0]))
    moments = st.integers(0, round(length * 8) - 1).map(lambda eighth: eighth / 8)
    tracks = draw(st.integers(1, 16))
    row = st.tuples(
        *(moments, st.sampled_from([0.125, 0.5, 3.0]), st.integers(0, 127), st.integers(1, 127)),
        *(st.integers(0, 127), st.booleans(), st.integers(0, tracks - 1)),
    )
    rows = [
        (onset, min(last, length - onset), *rest)
        for onset, last, *rest in draw(st.lists(row, min_size=1, max_size=24))
    ]
    changes = sorted(draw(st.sets(moments.filter(bool), max_size=2)))
    meter = st.tuples(st.integers(1, 12), st.sampled_from([2, 4, 8, 16]))
    meters = tuple((at, *draw(meter)) for at in (0.0, *changes))
    return piece(rows, length, meters)


@settings(max_examples=60, deadline=None)
@given(pieces(), st.sampled_from(TYPES), st.floats(0, 1), st.integers(0, 2**64))
def test_of_every_piece_a_file_is_made_that_can_be_read_and_lasts_as_long(
    notes: Notes, kind: str, intensity: float, seed: int
) -> None:
    arguments = ("--type", kind, "--intensity", str(intensity), "--seed", str(seed))
    with TemporaryDirectory() as folder:
        changed = read_midi(made(Path(folder), write_midi(notes), *arguments))
    plain = read_midi(write_midi(notes))
    assert changed.length == pytest.approx(plain.length, rel=0.1)
    assert (changed.tempos, changed.meters) == (plain.tempos, plain.meters)
    if not intensity:
        assert rows_of(changed) == rows_of(plain)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.mid", "missing.mid: No such file or directory"),
        (".", "Is a directory"),
        ("words.mid", "words.mid: not a MIDI file: expected 'MThd' (at byte 0)"),
        ("empty.mid", "empty.mid: not a MIDI file"),
        ("silent.mid", "silent.mid: holds no notes"),
        ("cut.mid", "a chunk goes on after the file's end"),
        ("big.mid", f"big.mid: expected at most {MAX_BYTES} bytes of MIDI"),
        ("/dev/zero", f"/dev/zero: expected at most {MAX_BYTES} bytes of MIDI"),
    ],
)
def test_what_can_not_be_read_is_one_line_and_exit_code_2(
    name: str, message: str, tmp_path: Path
) -> None:
    whole = write_midi(ONE_NOTE)
    contents = {"words": b"no music", "empty": b"", "silent": simple(), "cut": whole[:-4]}
    for stem, data in (contents | {"big": whole + bytes(MAX_BYTES)}).items():
        (tmp_path / f"{stem}.mid").write_bytes(data)
    before = sorted(os.listdir(tmp_path))
    result = run(tmp_path / name, "--type", "memory", "--out", tmp_path / "out.mid")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("rebracket: FILE: ")
    assert result.stderr.count("\n") == 1
    assert message in result.stderr
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--out", "nowhere/x.mid"), "--out: nowhere: no such folder"),
        (("--out", "tune.mid"), "--out: tune.mid: this file is read, name another one"),
        (("--out", "."), "--out: .: not a file that can be written over"),
        (("--out", "x.mid", "--wav", "nowhere/x.wav"), "--wav: nowhere: no such folder"),
        (("--out", "x", "--png", "./x"), "--png: x: --out names this file too"),
        (
            ("--out", "x.mid", "--operation", "canon"),
            "--operation: temporal has no 'canon', it has bars-shifted, bars-reversed, bars-stretched",
        ),
    ],
)
def test_what_can_not_be_done_is_one_line_and_exit_code_2_and_writes_nothing(
    arguments: tuple[str, ...], message: str, tune: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tune.parent)
    before = tune.read_bytes()
    result = run("tune.mid", "--type", "temporal", *arguments)
    assert (result.exit_code, result.stderr) == (2, f"rebracket: {message}\n")
    assert os.listdir(tune.parent) == ["tune.mid"]
    assert tune.read_bytes() == before


def test_where_pictures_can_not_be_drawn_it_is_said_what_to_install_and_nothing_written(
    tune: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    out, png = tune.parent / "x.mid", tune.parent / "x.png"
    assert run(tune, "--type", "memory", "--out", out).exit_code == 0
    out.unlink()
    result = run(tune, "--type", "memory", "--out", out, "--png", png)
    assert (result.exit_code, result.stderr) == (
        2,
        "rebracket: this needs the pictures extra: pip install 'rebracket[pictures]'\n",
    )
    assert os.listdir(tune.parent) == ["tune.mid"]


def test_what_is_too_long_to_be_played_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "in.mid").write_bytes(write_midi(piece(line([60]), 1_300.0)))
    names = ("--out", tmp_path / "x.mid", "--wav", tmp_path / "x.wav")
    result = run(tmp_path / "in.mid", "--type", "identity", *names)
    assert (result.exit_code, os.listdir(tmp_path)) == (2, ["in.mid"])


def test_what_becomes_too_much_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in.mid").write_bytes(write_midi(piece(line([60]), 60_000.0)))
    arguments = ("--type", "perceptual", "--operation", "under-noise", "--intensity", "1")
    result = run(tmp_path / "in.mid", *arguments, "--out", tmp_path / "out.mid")
    assert result.exit_code == 2
    assert result.stderr == (
        "rebracket: FILE: under noise makes too much of it: expected at most 100000 notes\n"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        ("--type", "musical"),
        ("--type", "memory", "--intensity", "1.01"),
        ("--type", "memory", "--intensity", "nan"),
        ("--type", "memory", "--seed", "-1"),
        (),
    ],
)
def test_wrong_options_are_refused(wrong: tuple[str, ...], tune: Path) -> None:
    result = run(tune, "--out", tune.parent / "out.mid", *wrong)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr


def test_the_shell_completes_operations_of_the_type() -> None:
    complete = ShellComplete(main, {}, "rebracket", "_REBRACKET_COMPLETE")

    def names(*words: str, started: str = "") -> list[str]:
        found = complete.get_completions(["rebracket", "in.mid", *words, "--operation"], started)
        return [item.value for item in found]

    assert names("--type", "temporal") == ["bars-shifted", "bars-reversed", "bars-stretched"]
    assert names("--type", "identity", started="c") == ["canon"]
    assert len(names()) == len(OPERATIONS)


def test_neither_a_model_nor_scipy_nor_matplotlib_is_loaded_for_it(tune: Path) -> None:
    code = (
        "import sys; from rebracket.cli import main; "
        "main(sys.argv[1:], standalone_mode=False); print(*sys.modules)"
    )
    command = [sys.executable, "-c", code, "rebracket", str(tune), "--type", "memory"]
    command += ["--out", str(tune.parent / "x.mid"), "--wav", str(tune.parent / "x.wav")]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in ended.stdout.split()}
    assert "mido" in loaded
    assert not loaded & {"torch", "onnxruntime", "bentoml", "scipy", "matplotlib"}


def test_the_readme_names_an_operation_that_there_is() -> None:
    (name,) = re.findall(r"`--operation ([a-z-]+)`", README)
    assert name.replace("-", " ") in {item.name for item in OPERATIONS}
