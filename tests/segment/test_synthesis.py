"""Notes are heard at their pitch, at their time, at their loudness and in their place."""

from dataclasses import replace

import numpy as np
import pytest

from rebracket.segment.clock import quarters_at, seconds_at
from rebracket.segment.synthesis import PEAK, RATE, synthesised
from tests.segment.operations.notes.material import FOUR, PIECES, Row, line, piece
from tests.segment.operations.sound.material import loudness


@pytest.mark.parametrize("name", PIECES)
def test_every_kind_of_piece_is_played_as_long_as_it_lasts_and_not_clipped(name: str) -> None:
    notes = PIECES[name]
    sound = synthesised(notes)
    assert sound.seconds == pytest.approx(notes.length / 2, abs=0.5)
    assert sound.samples.dtype == np.float32
    assert np.abs(sound.samples).max() == pytest.approx(PEAK)


@pytest.mark.parametrize(("pitch", "hertz"), [(69, 440), (57, 220), (81, 880)])
def test_a_note_has_its_pitch(pitch: int, hertz: int) -> None:
    sound = synthesised(piece(line([pitch], step=4.0, program=73)))
    spectrum = np.abs(np.fft.rfft(sound.samples[0, :RATE]))
    assert spectrum.argmax() == hertz


def test_a_note_of_each_instrument_and_at_each_pitch_is_heard() -> None:
    rows: list[Row] = [(0.0, 1.0, n, 80, n, n % 2 == 0, n % 5) for n in range(128)]
    for row in rows:
        assert np.isfinite(synthesised(piece([row])).samples).all()
    assert loudness(synthesised(piece(rows)), 0, 0.5) > 0.01


def test_rests_are_silent_and_louder_notes_louder() -> None:
    rows = [*line([60], velocity=40), *line([60], start=2.0), *line([60], start=4.0, velocity=120)]
    sound = synthesised(piece(rows))
    faint, middle, loud = (loudness(sound, at, at + 0.4) for at in (0.0, 1.0, 2.0))
    assert 0 < faint < middle < loud
    assert loudness(sound, 0.6, 0.95) == 0


def test_voices_are_side_by_side() -> None:
    rows = [*line([60], step=2.0), *line([67], start=2.0, step=2.0, track=1)]
    left, right = np.abs(synthesised(piece(rows)).samples)
    assert left[:RATE].sum() > 2 * right[:RATE].sum()
    assert right[RATE : 2 * RATE].sum() > 2 * left[RATE : 2 * RATE].sum()


def test_tempos_say_when_a_note_sounds() -> None:
    notes = replace(FOUR, tempos=((0.0, 60.0), (4.0, 120.0), (8.0, 240.0)))
    moments = np.array([0.0, 2.0, 4.0, 6.0, 8.0, 12.0])
    assert seconds_at(notes, moments).tolist() == [0, 2, 4, 5, 6, 7]
    for quarters, seconds in zip(moments, seconds_at(notes, moments), strict=True):
        assert quarters_at(notes, float(seconds)) == pytest.approx(quarters)


def test_the_same_notes_give_the_same_sound() -> None:
    drums = PIECES["voices and drums"]
    np.testing.assert_array_equal(synthesised(drums).samples, synthesised(drums).samples)
