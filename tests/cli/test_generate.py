"""Segments from the command line: files whole, words and reading on the terminal, errors in one line."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rebracket.cli import main
from rebracket.registry import ExportedModel
from rebracket.segment.audio import read_audio
from rebracket.segment.midi import read_midi
from tests.music_files import midi


@pytest.fixture
def model(exported: ExportedModel) -> str:
    return str(exported.path)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["generate", *map(str, arguments)])


def test_notes_sound_and_picture_are_written(model: str, tmp_path: Path) -> None:
    out, wav, png = (tmp_path / f"x.{kind}" for kind in ("mid", "wav", "png"))
    files = ("--out", out, "--wav", wav, "--png", png)
    asked = (
        "--type",
        "memory",
        "--bars",
        "2",
        "--candidates",
        "1",
        "--seed",
        "3",
        "--tempo",
        "120",
    )
    result = run(*asked, *files, "--model", model)
    assert result.exit_code == 0, result.output
    notes = read_midi(out.read_bytes())
    assert notes.length == 8.0
    sound = read_audio(wav.read_bytes())
    assert sound.samples.shape[1] / sound.rate == pytest.approx(4.0, abs=0.5)
    assert png.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert "read as" in result.output
    assert "seed 3" in result.output
    assert result.output.count("[") == result.output.count("]") >= 2


def test_the_same_seed_writes_the_same_file(model: str, tmp_path: Path) -> None:
    one, other = tmp_path / "one.mid", tmp_path / "other.mid"
    for path in (one, other):
        asked = ("--type", "spatial=2,causal=1", "--bars", "1", "--candidates", "2", "--seed", "9")
        assert run(*asked, "--out", path, "--model", model).exit_code == 0
    assert one.read_bytes() == other.read_bytes()


def test_without_files_words_alone_are_made(model: str) -> None:
    result = run(
        "--type", "identity", "--about", "The lighthouse keeper", "--json", "--model", model
    )
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)
    assert found["segment"]["text"]
    assert found["analysis"]["modalities"] == ["text"]
    assert found["files"] == {}


def test_a_primer_is_gone_on_from(model: str, tmp_path: Path) -> None:
    primer, out = tmp_path / "in.mid", tmp_path / "out.mid"
    primer.write_bytes(midi())
    asked = ("--type", "temporal", "--bars", "2", "--candidates", "1", "--primer", primer)
    result = run(*asked, "--out", out, "--model", model)
    assert result.exit_code == 0, result.output
    assert read_midi(out.read_bytes()).meters[0][1:] == read_midi(midi()).meters[-1][1:]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--type", "sideways"), "--type"),
        (("--type", "memory=much"), "--type"),
        (("--type", "memory", "--bars", "99", "--out", "x.mid"), "--bars"),
        (("--type", "memory", "--meter", "7/8", "--out", "x.mid"), "--meter"),
        (("--type", "memory", "--key", "H", "--out", "x.mid"), "--key"),
        (("--type", "memory", "--tempo", "100"), "--tempo"),
        (("--type", "memory", "--primer", "nothing.mid"), "--primer"),
        (("--type", "memory", "--out", "nowhere/x.mid"), "--out"),
        (("--type", "memory", "--primer", "nothing.mid", "--out", "x.mid"), "--primer"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    arguments: tuple[str, ...], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == 2
    assert told in result.output
    assert not list(tmp_path.iterdir())


def test_a_primer_that_is_no_music_is_one_line(model: str, tmp_path: Path) -> None:
    primer, out = tmp_path / "in.mid", tmp_path / "out.mid"
    primer.write_bytes(b"not music")
    result = run("--type", "memory", "--primer", primer, "--out", out, "--model", model)
    assert result.exit_code == 2
    assert "primer.midi" in result.output
    assert not out.exists()
