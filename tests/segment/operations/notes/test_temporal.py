"""Bars are moved, turned and drawn out; what is played stays."""

import numpy as np
import pytest

from rebracket.segment.operations.notes.temporal import (
    bars_reversed,
    bars_shifted,
    bars_stretched,
)
from tests.segment.operations.notes.material import line, piece, voice

TUNE = piece(line([60, 62, 64, 65] * 4))


def test_a_reversed_bar_begins_with_its_last_note() -> None:
    result = bars_reversed(TUNE, 1.0, np.random.default_rng(0))
    assert voice(result, 0)[:4] == [(0.0, 65), (1.0, 64), (2.0, 62), (3.0, 60)]


def test_a_note_begins_in_a_reversed_bar_where_it_ended() -> None:
    short = piece([(0.0, 0.5, 60, 80, 0, False, 0), (3.0, 1.0, 67, 80, 0, False, 0)], 16.0)
    result = bars_reversed(short, 1.0, np.random.default_rng(0))
    assert voice(result, 0) == [(0.0, 67), (3.5, 60)]


def test_a_shifted_bar_begins_between_the_beats_and_keeps_its_rhythm() -> None:
    result = bars_shifted(TUNE, 1.0, np.random.default_rng(0))
    late = (result.onset - TUNE.onset).reshape(4, 4)
    assert np.ptp(late, axis=1).max() < 1e-9
    assert set(late[:, 0].round(9).tolist()) <= {3 / 8, 5 / 8, 0.4, 0.6}


def test_of_two_bars_one_is_drawn_out_and_the_other_hurries() -> None:
    result = bars_stretched(TUNE, 1.0, np.random.default_rng(0))
    first, second = result.duration[:4], result.duration[4:8]
    assert first.sum() + second.sum() == pytest.approx(8)
    assert max(first.max(), second.max()) > 1.5 * min(first.max(), second.max())
    assert np.ptp(first) == pytest.approx(0)
    np.testing.assert_array_equal(result.pitch, TUNE.pitch)
