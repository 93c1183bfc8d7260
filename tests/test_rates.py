"""Rates are spelled one way everywhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebracket.rates import Rate


@pytest.mark.parametrize(
    ("text", "amount", "period_s"),
    [
        ("600/minute", 600, 60),
        ("10/second", 10, 1),
        ("1/h", 1, 3600),
        ("5/day", 5, 86400),
        ("100/5m", 100, 300),
    ],
)
def test_a_rate_is_an_amount_in_a_period(text: str, amount: int, period_s: int) -> None:
    rate = Rate(text)
    assert (rate.amount, rate.period_s, rate) == (amount, period_s, text)
    assert rate.per_second == pytest.approx(amount / period_s)


@given(st.text(max_size=12).filter(lambda text: not text[:1].isdigit()))
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="600/minute"):
        Rate(text)


@pytest.mark.parametrize("text", ["0/minute", "5/0s", "1/999999d", "٣/minute", "-1/second", "5/"])
def test_rates_that_mean_nothing_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a rate"):
        Rate(text)
