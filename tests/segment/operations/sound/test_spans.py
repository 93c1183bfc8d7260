"""Spans cover a sound, begin at onsets where they can, and are taken in a fair order."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebracket.segment.operations.sound.spans import (
    Spans,
    beats,
    depth,
    envelope,
    notes,
    onsets,
    reach,
)
from tests.segment.operations.sound.material import strokes

RATE = 16_000


def spans(count: int, seed: int = 0) -> Spans:
    return Spans.between(np.arange(count + 1) * 10, np.random.default_rng(seed))


@given(count=st.integers(1, 400), seed=st.integers(0, 1000), share=st.floats(0.01, 1))
def test_every_share_takes_one_span_at_least_and_1_takes_all(
    count: int, seed: int, share: float
) -> None:
    cut = spans(count, seed)
    assert cut.chosen(share).any()
    assert cut.chosen(1.0).all()
    assert not cut.chosen(0.0).any()


@given(seed=st.integers(0, 1000), low=st.floats(0, 1), high=st.floats(0, 1))
def test_a_larger_share_holds_the_smaller(seed: int, low: float, high: float) -> None:
    low, high = sorted((low, high))
    cut = spans(50, seed)
    assert not (cut.chosen(low) & ~cut.chosen(high)).any()


def test_every_dozen_spans_hold_about_the_share() -> None:
    taken = spans(240).chosen(0.5).reshape(-1, 12).sum(axis=1)
    assert taken.min() >= 5
    assert taken.max() <= 7


def test_curves_hold_a_value_for_each_span() -> None:
    cut = spans(3)
    np.testing.assert_array_equal(cut.hold(np.array([1, 2, 3])), np.repeat([1, 2, 3], 10))
    faded = cut.hold(np.array([0, 1, 0]), 5)
    assert np.abs(np.diff(faded)).max() <= 0.21
    np.testing.assert_array_equal(cut.sides(), [1, -1, 1])
    np.testing.assert_allclose(cut.way(), np.tile(np.arange(10) / 10, 3))


def test_seams_are_silent_between_spans_alone() -> None:
    gain = spans(2).seams(4)
    np.testing.assert_array_equal(np.flatnonzero(gain == 0), [0, 9, 10, 19])
    assert (gain[4:6] == 1).all()


@pytest.mark.parametrize("seconds", [0.1, 0.5, 3.0, 20.0])
@pytest.mark.parametrize("cut", [beats, notes])
def test_spans_cover_the_sound_and_none_is_much_too_long(
    seconds: float, cut: Callable[..., Spans]
) -> None:
    sound = strokes([0.01], seconds).samples
    made = cut(sound, RATE, np.random.default_rng(1), 0.3, 0.9)
    assert made.edges[0] == 0
    assert made.edges[-1] == sound.shape[1]
    assert (np.diff(made.edges) > 0).all()
    assert np.diff(made.edges).max() <= (0.9 + 0.3 + 0.2) * RATE


def test_onsets_are_found_where_strokes_fall() -> None:
    times = [0.5, 1.0, 1.3, 2.0]
    found = onsets(strokes(times, 2.5).samples, RATE) / RATE
    for time in times:
        assert np.abs(found - time).min() < 0.02
    assert len(found) <= len(times) + 1


def test_notes_begin_at_onsets() -> None:
    times = [0.5, 1.0, 1.5, 2.0]
    cut = notes(strokes(times, 2.5).samples, RATE, np.random.default_rng(0), 0.2, 0.8)
    for time in times:
        assert np.abs(cut.edges / RATE - time).min() < 0.02


def test_the_envelope_of_a_steady_sound_is_its_level() -> None:
    steady = np.full((2, 1000), 0.5, dtype=np.float32)
    np.testing.assert_allclose(envelope(steady, RATE, 0.01), 0.5)


def test_reach_and_depth_grow_from_0_to_1() -> None:
    for grows in (reach, depth):
        values = [grows(i) for i in (0.0, 0.2, 0.4, 0.7, 1.0)]
        assert values == sorted(values)
        assert (values[0], values[-1]) == (0, 1)
        assert values[2] > 0.5
