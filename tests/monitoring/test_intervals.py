"""Intervals hold what they promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebracket.monitoring import intervals


def test_wilsons_interval_is_the_textbooks() -> None:
    """10 of 100 at 95 %: 5.52 % to 17.44 % (Brown, Cai and DasGupta's formula)."""
    found = intervals.share(10, 100)
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((0.1, 0.0552, 0.1744), abs=1e-4)


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_share_lies_in_its_interval_and_that_between_none_and_all(case: tuple[int, int]) -> None:
    found = intervals.share(*case)
    assert found is not None
    assert 0 <= found.low <= found.value <= found.high <= 1


@pytest.mark.parametrize("kind", ["share", "mean"])
def test_about_95_of_100_intervals_hold_the_truth(kind: str) -> None:
    random = np.random.default_rng(7)
    held = 0
    for _ in range(1000):
        values = random.random(200) < 0.2
        found = (
            intervals.share(int(values.sum()), 200)
            if kind == "share"
            else intervals.mean([float(value) for value in values])
        )
        assert found is not None
        held += found.low <= 0.2 <= found.high
    assert 925 <= held <= 975


def test_nothing_has_no_interval() -> None:
    assert intervals.share(0, 0) is None
    assert intervals.mean([0.5]) is None
