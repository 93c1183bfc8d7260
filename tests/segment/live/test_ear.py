"""A window of a stream holds what the same samples hold when they are cut out and read alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rebracket.segment.audio import RATE as READ_RATE
from rebracket.segment.audio import resampled
from rebracket.segment.live.ear import Ear, Heard
from rebracket.segment.live.grid import Grid
from rebracket.segment.mel import windows
from rebracket.segment.sound import Sound
from tests import live_audio

Samples = NDArray[np.float32]


def music(rate: int, channels: int, seconds: float) -> Samples:
    return live_audio.floats(live_audio.music(rate, channels, seconds))


def cut_out(samples: Samples, heard: Heard, rate: int) -> list[Samples]:
    """What the encoder of sound gets of the window where it is a file of its own."""
    alone = Sound(resampled(samples[heard.start : heard.end], rate), READ_RATE)
    return [window.features() for window in windows(alone)]


def hear(ear: Ear, samples: Samples, pieces: list[int]) -> list[Heard]:
    """All windows, of samples in pieces of these lengths, over and over."""
    found, at, turn = [], 0, 0
    while at < len(samples):
        size = pieces[turn % len(pieces)]
        found += list(ear.hear(samples[at : at + size]))
        at, turn = at + size, turn + 1
    return found


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [8000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize(("window_s", "overlap"), [(1, 0.95), (4, 0.5), (2.37, 0.3)])
def test_a_window_is_what_it_is_alone(
    rate: int, channels: int, window_s: float, overlap: float
) -> None:
    samples = music(rate, channels, 7.3)
    ear = Ear(Grid.of(rate, window_s, overlap), channels)
    found = hear(ear, samples, [len(samples)])
    last = ear.under_way()
    assert last is not None
    assert last.end == len(samples)
    for heard in [*found[:: max(1, len(found) // 4)], last]:
        for ours, alone in zip(heard.windows, cut_out(samples, heard, rate), strict=True):
            np.testing.assert_allclose(ours.features(), alone, atol=2e-4)


@pytest.mark.parametrize("window_s", [9, 17.3, 30])
def test_a_window_over_eight_seconds_is_split_as_it_is_alone(window_s: float) -> None:
    samples = music(22_050, 2, 33)
    (*found, last) = hear(Ear(Grid.of(22_050, window_s, 0.9), 2), samples, [9_999])
    for heard in (found[0], last):
        for ours, alone in zip(heard.windows, cut_out(samples, heard, 22_050), strict=True):
            np.testing.assert_allclose(ours.features(), alone, atol=2e-4)


def test_odd_rates_are_near() -> None:
    samples = music(37_123, 1, 9)
    for heard in hear(Ear(Grid.of(37_123, 4, 0.5), 1), samples, [5000]):
        (ours,), (alone,) = heard.windows, cut_out(samples, heard, 37_123)
        assert np.abs(ours.features() - alone).mean() < 1e-3


@settings(max_examples=15)
@given(
    pieces=st.lists(st.integers(1, 9000), min_size=1, max_size=8),
    rate=st.sampled_from([8000, 44_100, 48_000]),
    channels=st.sampled_from([1, 2]),
    overlap=st.floats(0, 0.95),
)
def test_how_samples_are_cut_changes_no_bit(
    pieces: list[int], rate: int, channels: int, overlap: float
) -> None:
    samples = music(rate, channels, 3.1)
    grid = Grid.of(rate, 1.0, overlap)
    whole, cut = Ear(grid, channels), Ear(grid, channels)
    expected, found = hear(whole, samples, [len(samples)]), hear(cut, samples, pieces)
    assert [heard.number for heard in found] == list(range(len(expected)))
    for one, other in zip([*expected, whole.under_way()], [*found, cut.under_way()], strict=True):
        assert one is not None
        assert other is not None
        assert (one.start, one.end, one.silent) == (other.start, other.end, other.silent)
        for ours, theirs in zip(one.windows, other.windows, strict=True):
            np.testing.assert_array_equal(ours.known, theirs.known)


def test_a_stream_taken_up_again_goes_on_with_the_same_windows() -> None:
    samples = music(44_100, 1, 9)
    grid = Grid.of(44_100, 2, 0.5)
    expected = hear(Ear(grid, 1), samples, [7000])
    found = hear(Ear(grid, 1, first=3), samples[grid.start(3) :], [7000])
    assert [heard.number for heard in found] == [heard.number for heard in expected[3:]]
    for one, other in zip(expected[3:], found, strict=True):
        np.testing.assert_allclose(
            one.windows[0].features(), other.windows[0].features(), atol=2e-4
        )


def test_silence_is_said_and_ends_with_the_first_loud_sample() -> None:
    grid = Grid.of(16_000, 1, 0.5)
    faint = np.full((40_000, 1), 0.0009, dtype=np.float32)
    faint[grid.end(0)] = -0.5
    assert [h.silent for h in hear(Ear(grid, 1), faint, [777])] == [True, False, False, True]


def test_what_is_no_number_is_silence() -> None:
    samples = music(16_000, 1, 2.0).copy()
    broken = samples.copy()
    samples[5000:5100], broken[5000:5050], broken[5050:5100] = 0, np.nan, np.inf
    grid = Grid.of(16_000, 1, 0)
    (one, *_), (other, *_) = (hear(Ear(grid, 1), each, [999]) for each in (samples, broken))
    np.testing.assert_array_equal(one.windows[0].known, other.windows[0].known)


def test_a_long_stream_takes_no_more_memory_than_a_window() -> None:
    ear = Ear(Grid.of(8000, 2, 0.5), 1)
    piece = music(8000, 1, 7.3)

    def held() -> int:
        tapes = (ear._raw, ear._sound, ear._levels)
        return sum(tape._rows.nbytes for tape in tapes) + len(ear._heads)

    hear(ear, piece, [4000])
    after_one = held()
    for _ in range(10):
        hear(ear, piece, [4000])
    assert held() <= 2 * after_one


def test_hardly_anything_is_no_window_under_way() -> None:
    ear = Ear(Grid.of(16_000, 1, 0.5), 1)
    assert ear.under_way() is None
    list(ear.hear(np.full((799, 1), 0.5, dtype=np.float32)))
    assert ear.under_way() is None
    list(ear.hear(np.full((1, 1), 0.5, dtype=np.float32)))
    assert ear.under_way() is not None
