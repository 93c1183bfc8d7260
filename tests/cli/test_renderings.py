"""What is written beside a MIDI file sounds as its notes say, for as long as they last."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rebracket.cli.renderings import check_renderings, renderings
from rebracket.errors import RebracketError
from rebracket.segment.audio import read_audio
from rebracket.segment.notes import Notes
from tests.segment.operations.notes.material import FOUR, line, piece

WAV, PNG = {"--wav": Path("x.wav")}, {"--png": Path("x.png")}
A4 = piece(line([69], step=4.0, program=73))


def played(notes: Notes) -> bytes:
    return dict(renderings(WAV, None, notes, ""))["--wav"]


def test_the_energy_of_a_lone_a4_is_at_440_hz_and_its_multiples() -> None:
    data = played(A4)
    assert data[:4] + data[8:12] == b"RIFFWAVE"
    assert int.from_bytes(data[34:36], "little") == 16  # bits a sample
    sound = read_audio(data)
    power = np.abs(np.fft.rfft(sound.samples.mean(axis=0))) ** 2
    hertz = np.fft.rfftfreq(sound.samples.shape[1], 1 / sound.rate)
    assert hertz[power.argmax()] == pytest.approx(440, abs=1)
    near = {tone: power[np.abs(hertz - tone) < 15].sum() / power.sum() for tone in (440, 880)}
    assert near[440] > 0.6
    assert power[np.abs((hertz + 220) % 440 - 220) < 15].sum() / power.sum() > 0.99


def test_it_sounds_as_long_as_the_tempo_says() -> None:
    slow = replace(A4, tempos=((0.0, 30.0),))
    assert read_audio(played(slow)).seconds == pytest.approx(8, abs=0.5)


def test_more_than_ten_minutes_are_not_played() -> None:
    endless = replace(A4, tempos=((0.0, 0.35),))
    with pytest.raises(RebracketError, match="--wav: the piece lasts 686 s, and only 600 s are"):
        played(endless)


def test_only_what_was_asked_for_is_made() -> None:
    assert dict(renderings({"--out": Path("x.mid")}, FOUR, FOUR, "")) == {}
    assert [option for option, _ in renderings(WAV | PNG, FOUR, FOUR, "")] == ["--wav", "--png"]


def test_a_picture_needs_what_draws_it(monkeypatch: pytest.MonkeyPatch) -> None:
    check_renderings(PNG)
    monkeypatch.setattr("rebracket.cli.common.find_spec", lambda _: None)
    check_renderings(WAV)
    with pytest.raises(RebracketError, match=r"pip install 'rebracket\[pictures\]'"):
        check_renderings(PNG)
