"""The algorithm and what it tells callers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebracket.gateway.limits.gcra import Charge, decide, fits, leaked
from rebracket.rates import Rate

TEN = Rate("10/5s")


def charge(cost: int = 1, rate: Rate = TEN) -> Charge:
    return Charge("a", "requests", rate, cost)


def test_an_empty_bucket_takes_the_whole_amount_at_once() -> None:
    assert [fits(level, charge()) for level in range(12)] == [True] * 10 + [False] * 2


def test_a_bucket_leaks_steadily_down_to_nothing() -> None:
    assert leaked(10, 2.5, TEN) == pytest.approx(5)
    assert leaked(10, 100, TEN) == 0


def test_a_clock_that_goes_back_leaks_nothing() -> None:
    assert leaked(10, -100, TEN) == 10


def test_a_charge_larger_than_the_bucket_waits_until_it_is_empty() -> None:
    assert fits(0, charge(25))
    assert not fits(1, charge(25))
    paid = decide(0, charge(25), charged=True)
    assert (paid.allowed, paid.remaining) == (True, 0)
    assert paid.next_s == pytest.approx((25 - 9) / 2)


def test_a_decision_says_what_is_left_and_until_when() -> None:
    decision = decide(3, charge(), charged=True)
    assert (decision.allowed, decision.remaining) == (True, 6)
    assert decision.full_s == pytest.approx(2)
    assert (decision.retry_after_s, decision.next_s) == (0, 0)


@given(st.floats(0, 40), st.integers(1, 25))
def test_a_refused_charge_fits_after_the_wait_that_it_was_told(level: float, cost: int) -> None:
    decision = decide(level, charge(cost), charged=False)
    assert decision.allowed == (decision.retry_after_s == 0)
    later = leaked(level, decision.retry_after_s + 1e-9, TEN)
    assert fits(later, charge(cost))
    if decision.retry_after_s > 0.01:
        assert not fits(leaked(level, decision.retry_after_s - 0.01, TEN), charge(cost))


@given(st.floats(0, 10), st.integers(0, 10))
def test_what_remains_really_passes(level: float, cost: int) -> None:
    remaining = decide(level, charge(cost), charged=False).remaining
    if remaining:
        assert fits(level, charge(remaining))
    assert not fits(level + 0.001, charge(remaining + 1))
