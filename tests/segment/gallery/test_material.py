"""The tune is a piece, and of what is given the beginning is used."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from rebracket.errors import RebracketError
from rebracket.segment.gallery.material import (
    LONGEST_S,
    beginning_of_notes,
    beginning_of_sound,
    tune,
)
from rebracket.segment.operations.notes.tools import melody
from rebracket.segment.sound import Sound
from tests.segment.operations.notes.material import FOUR, check, line, piece
from tests.segment.promises import check_notes


def test_the_tune_is_eight_bars_of_four_voices_that_fit_one_another() -> None:
    notes = tune()
    check_notes(notes)
    assert notes.length == 32
    ends = [(notes.onset + notes.duration)[notes.track == voice].max() for voice in range(4)]
    assert min(ends) > 31
    assert Counter(notes.program.tolist()).keys() == {73, 71, 24, 32}


def test_the_flute_has_the_tune() -> None:
    notes = tune()
    assert set(notes.program[melody(notes)].tolist()) == {73}


def test_a_short_piece_is_used_whole() -> None:
    assert len(beginning_of_notes(FOUR)) == len(FOUR)


def test_of_a_long_piece_the_beginning_is_used_at_its_tempo() -> None:
    long = piece(line([60, 62, 64, 65] * 100))
    slow = replace(long, tempos=((0.0, 60.0),))
    for notes, quarters in ((long, 2 * LONGEST_S), (slow, LONGEST_S)):
        first = beginning_of_notes(notes)
        assert (len(first), first.length) == (quarters, quarters)
        check(first, of=first)


def test_a_note_that_lasts_beyond_the_beginning_is_cut() -> None:
    first = beginning_of_notes(piece([(0.0, 1000.0, 60, 80, 0, False, 0)]))
    assert first.duration.tolist() == [first.length] == [2 * LONGEST_S]


def test_a_piece_that_begins_too_late_is_refused() -> None:
    with pytest.raises(RebracketError, match="first 24 seconds"):
        beginning_of_notes(piece([(900.0, 1.0, 60, 80, 0, False, 0)]))


def test_of_a_long_sound_the_beginning_is_used() -> None:
    samples = np.arange(16_000 * 60, dtype=np.float32)[None]
    first = beginning_of_sound(Sound(samples, 16_000))
    assert first.seconds == LONGEST_S
    assert first.samples[0, -1] == 16_000 * LONGEST_S - 1
