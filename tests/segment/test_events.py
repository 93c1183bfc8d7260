"""Notes are read in windows, each note once, and in relation to one another only."""

import tracemalloc
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rebracket.segment.events import FEATURES, SPAN, WINDOW, EventWindow, windows
from rebracket.segment.notes import Notes
from tests.segment.operations.notes.material import FOUR, PIECES, line, piece

REGISTER = 38
"""The feature that says how high a note is among all pitches: transposing may change it alone."""

LEVEL = 41
"""The feature that says how loud a note is of all loudness: an offset may change it alone."""


def features(notes: Notes) -> NDArray[np.float32]:
    """Of a piece of one window."""
    (window,) = windows(notes)
    return window.features()


def at(onsets: Sequence[float] | NDArray[np.float64]) -> Notes:
    """A piece with a note at each of these moments."""
    return piece([(float(onset), 0.5, 60, 80, 0, False, 0) for onset in np.sort(onsets)])


def many(count: int, length: float) -> Notes:
    """So many notes at random."""
    rng = np.random.default_rng(0)
    return Notes(
        onset=np.sort(rng.random(count)) * length,
        duration=np.full(count, 0.5),
        pitch=rng.integers(20, 100, count).astype(np.int16),
        velocity=rng.integers(1, 128, count).astype(np.int16),
        program=np.zeros(count, dtype=np.int16),
        drum=np.zeros(count, dtype=np.bool_),
        track=rng.integers(0, 4, count).astype(np.int16),
        length=length + 0.5,
    )


def check_windows(notes: Notes, found: list[EventWindow]) -> None:
    """Every note once and in order, in windows within both limits."""
    indexes = np.concatenate([window.indexes for window in found])
    np.testing.assert_array_equal(indexes, np.arange(len(notes)))
    for window in found:
        assert 1 <= window.work <= WINDOW
        assert np.ptp(notes.onset[window.indexes]) <= SPAN


@pytest.mark.parametrize("name", PIECES)
def test_every_feature_of_every_kind_of_piece_is_a_number_near_one(name: str) -> None:
    for window in windows(PIECES[name]):
        found = window.features()
        assert found.shape == (window.work, FEATURES)
        assert found.dtype == np.float32
        assert np.isfinite(found).all()
        assert np.abs(found).max() < 50


@settings(max_examples=60)
@given(onsets=st.lists(st.floats(0, 500), min_size=1, max_size=60))
def test_windows_have_each_note_once_and_keep_to_their_span(onsets: list[float]) -> None:
    notes = at(onsets)
    found = windows(notes)
    check_windows(notes, found)
    assert all(np.isfinite(window.features()).all() for window in found)


@pytest.mark.parametrize("count", [1, WINDOW - 1, WINDOW, WINDOW + 1, 2 * WINDOW + 1])
@pytest.mark.parametrize("length", [1e-7, SPAN, 3 * SPAN])
def test_windows_keep_to_their_number_of_notes(count: int, length: float) -> None:
    notes = many(count, length)
    check_windows(notes, windows(notes))


def test_a_piece_within_both_limits_is_one_window() -> None:
    assert len(windows(at(np.linspace(0, SPAN - 1, WINDOW)))) == 1


def test_a_stretch_of_silence_gives_no_window() -> None:
    assert [window.work for window in windows(at([0, 1, 1000, 1001]))] == [2, 2]


def test_windows_are_even() -> None:
    works = [window.work for window in windows(at(np.arange(0, 10, 10 / (WINDOW + 2))))]
    assert len(works) == 2
    assert abs(works[0] - works[1]) <= 1


def test_an_octave_higher_only_the_register_differs() -> None:
    higher = replace(FOUR, pitch=(FOUR.pitch + 12).astype(np.int16))
    before, after = features(FOUR), features(higher)
    np.testing.assert_allclose(after[:, REGISTER] - before[:, REGISTER], 12 / 64, rtol=1e-5)
    np.testing.assert_allclose(
        np.delete(after, REGISTER, axis=1), np.delete(before, REGISTER, axis=1), atol=1e-6
    )


def test_all_notes_louder_by_as_much_only_the_level_differs() -> None:
    louder = replace(FOUR, velocity=(FOUR.velocity + 20).astype(np.int16))
    before, after = features(FOUR), features(louder)
    np.testing.assert_allclose(after[:, LEVEL] - before[:, LEVEL], 20 / 64, rtol=1e-5)
    np.testing.assert_allclose(
        np.delete(after, LEVEL, axis=1), np.delete(before, LEVEL, axis=1), atol=1e-5
    )


def test_which_instruments_and_at_what_tempo_does_not_matter() -> None:
    other = replace(
        FOUR,
        program=(FOUR.program + 60).astype(np.int16),
        track=(3 * FOUR.track + 2).astype(np.int16),
        tempos=((0.0, 61.0),),
    )
    np.testing.assert_array_equal(features(other), features(FOUR))


def test_a_piece_that_begins_eight_bars_later_reads_the_same() -> None:
    later = replace(FOUR, onset=FOUR.onset + 32, length=FOUR.length + 32)
    np.testing.assert_allclose(features(later), features(FOUR), atol=1e-5)


def test_a_follower_in_canon_is_seen_as_a_copy_and_a_voice_alone_is_not() -> None:
    tune = [60, 64, 62, 69, 65, 72, 67, 61] * 2
    follower = line([pitch + 7 for pitch in tune], start=2.0, track=1)
    leads, follows = features(piece([*line(tune), *follower]))[:, 77:81:2].max(axis=0)
    alone = features(piece(line(tune)))[:, 77:81:2]
    assert min(leads, follows) > 0.5
    assert not alone.any()


def test_batched_windows_keep_their_own_rows_and_masks() -> None:
    pieces = [at([0, 1, 2]), at([0]), FOUR]
    first, *others = [windows(notes)[0] for notes in pieces]
    batch = first.beside(others).feeds()
    longest = len(FOUR)
    assert batch["events"].shape == (3, longest, FEATURES)
    for row, mask, notes in zip(batch["events"], batch["mask"], pieces, strict=True):
        np.testing.assert_array_equal(row[: len(notes)], features(notes))
        assert not row[len(notes) :].any()
        assert mask.tolist() == [1.0] * len(notes) + [0.0] * (longest - len(notes))


def test_one_window_alone_is_a_batch_of_one() -> None:
    (window,) = windows(FOUR)
    feeds = window.feeds()
    np.testing.assert_array_equal(feeds["events"][0], window.features())
    assert feeds["mask"].shape == (1, len(FOUR))
    assert feeds["mask"].all()


@pytest.mark.parametrize("length", [1.0, 4000.0])
def test_a_hundred_thousand_notes_take_the_memory_of_one_window_at_a_time(length: float) -> None:
    notes = many(100_000, length)
    tracemalloc.start()
    try:
        found = windows(notes)
        assert tracemalloc.get_traced_memory()[1] < 4e6
        for window in found[:3]:
            window.features()
        assert tracemalloc.get_traced_memory()[1] < 40e6
    finally:
        tracemalloc.stop()
    check_windows(notes, found)
