"""Windows lie where they are said to, and overlap as much as asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebracket.segment.live.grid import Grid
from rebracket.segment.mel import HOP, RATE

COMMON = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
rates = st.one_of(st.sampled_from(COMMON), st.integers(8000, 96000))
grids = st.builds(Grid.of, rates, st.floats(1, 30), st.floats(0, 0.95))


@pytest.mark.parametrize("rate", COMMON)
def test_windows_of_common_rates_begin_at_whole_samples_and_frames(rate: int) -> None:
    grid = Grid.of(rate, 4.0, 0.5)
    for number in range(50):
        assert grid.start(number) * RATE == number * grid.hop * HOP * rate
        assert grid.start(number) == number * grid.hop_samples


def test_the_usual_window_is_four_seconds_and_its_hop_two() -> None:
    grid = Grid.of(44100, 4.0, 0.5)
    assert (grid.window, grid.hop_samples) == (176_400, 88_200)


@given(rates, st.floats(1, 30), st.floats(0, 0.95))
def test_windows_overlap_as_much_as_asked_where_a_hop_can_be_that_short(
    rate: int, window_s: float, overlap: float
) -> None:
    grid = Grid.of(rate, window_s, overlap)
    assert abs(grid.window / rate - window_s) <= 1 / rate
    wanted = window_s * (1 - overlap)
    shortest = Grid.of(rate, 1, 0.95).hop * HOP / RATE
    assert 0 < grid.hop * HOP / RATE <= max(wanted, shortest) + 1e-6


@given(grids, st.integers(0, 10**9))
def test_the_first_window_from_a_sample_is_the_first(grid: Grid, sample: int) -> None:
    number = grid.first_from(sample)
    assert grid.start(number) >= sample
    assert number == 0 or grid.start(number - 1) < sample


@given(grids, st.integers(0, 10_000))
def test_a_stream_goes_on_with_the_window_after_one_that_was_answered(
    grid: Grid, number: int
) -> None:
    assert grid.first_from(grid.start(number) + grid.hop_samples - 1) == number + 1
