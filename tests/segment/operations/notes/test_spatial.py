"""Voices change places; when they sound, and for how long, stays."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.random import Generator

from rebracket.segment.notes import Notes
from rebracket.segment.operations.notes.spatial import (
    octaves_displaced,
    registers_exchanged,
    torn_apart,
)
from tests.segment.operations.notes.material import FOUR, line, piece, voice

HIGH, LOW = [72, 74, 76, 77] * 4, [48, 50, 52, 53] * 4
TWO = piece([*line(HIGH), *line(LOW, track=1)])


def test_a_displaced_note_is_octaves_from_where_it_was() -> None:
    tune = piece(line(HIGH))
    result = octaves_displaced(tune, 1.0, np.random.default_rng(0))
    moved = result.pitch.astype(int) - tune.pitch
    assert (moved % 12 == 0).all()
    assert set(np.abs(moved).tolist()) <= {12, 24}
    np.testing.assert_array_equal(result.onset, tune.onset)


def test_the_tune_goes_under_its_bass() -> None:
    result = registers_exchanged(TWO, 1.0, np.random.default_rng(0))
    assert max(pitch for _, pitch in voice(result, 0)) < min(pitch for _, pitch in voice(result, 1))


def test_at_a_hint_voices_cross_in_some_bars_only() -> None:
    result = registers_exchanged(TWO, 0.2, np.random.default_rng(0))
    upper, lower = (dict(voice(result, track)) for track in (0, 1))
    crossed = {int(onset // 4) for onset in upper if upper[onset] < lower[onset]}
    assert 1 <= len(crossed) < 4


def test_between_voices_torn_apart_the_middle_is_empty() -> None:
    result = torn_apart(FOUR, 1.0, np.random.default_rng(0))
    centre = np.median(FOUR.pitch)
    assert np.abs(result.pitch - centre).min() >= 12


@pytest.mark.parametrize("operation", [octaves_displaced, registers_exchanged, torn_apart])
def test_at_the_edge_of_all_pitches_a_note_comes_back_by_octaves(
    operation: Callable[[Notes, float, Generator], Notes],
) -> None:
    edge = piece([*line([125, 126, 127] * 3), *line([0, 1, 2] * 3, track=1)])
    result = operation(edge, 1.0, np.random.default_rng(0))
    classes = {int(pitch) % 12 for pitch in edge.pitch}
    assert {int(pitch) % 12 for pitch in result.pitch} <= classes
