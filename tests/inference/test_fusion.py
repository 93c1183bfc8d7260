"""Parts that agree make an answer surer, parts that contradict each other less sure."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rebracket.inference.fusion import pooled_intensity, pooled_probabilities

Shares = NDArray[np.float64]


def opinion(best: int, sure: float) -> Shares:
    """So sure of one of eight types, the rest shared alike."""
    found = np.full(8, (1 - sure) / 7)
    found[best] = sure
    return found


opinions = st.lists(st.floats(0.001, 1), min_size=8, max_size=8).map(
    lambda values: np.array(values) / np.sum(values)
)


@given(opinions)
def test_a_lone_part_answers_as_it_is(part: Shares) -> None:
    assert pooled_probabilities([part]) is part


@given(st.lists(opinions, min_size=1, max_size=3))
def test_probabilities_sum_to_one_in_any_order(parts: list[Shares]) -> None:
    found = pooled_probabilities(parts)
    assert found.sum() == pytest.approx(1)
    assert found == pytest.approx(pooled_probabilities(parts[::-1]))


@given(st.integers(0, 7), st.floats(0.3, 0.95), st.floats(0.3, 0.95))
def test_agreement_is_surer_than_either(best: int, one: float, other: float) -> None:
    found = pooled_probabilities([opinion(best, one), opinion(best, other)])
    assert found.argmax() == best
    assert found.max() > max(one, other)


@given(st.floats(0.3, 0.99), st.floats(0.3, 0.99))
def test_contradiction_is_less_sure_than_the_surer_one(one: float, other: float) -> None:
    found = pooled_probabilities([opinion(0, one), opinion(1, other)])
    assert found.max() < max(one, other)


def test_two_that_are_sure_of_different_types_leave_it_open() -> None:
    found = pooled_probabilities([opinion(2, 0.97), opinion(5, 0.97)])
    assert found[2] == pytest.approx(found[5])
    assert found.max() < 0.51


@given(opinions)
def test_a_part_that_says_nothing_changes_nothing(part: Shares) -> None:
    assert pooled_probabilities([part, np.full(8, 1 / 8)]) == pytest.approx(part, abs=1e-4)


def test_no_part_rules_a_type_out_for_good() -> None:
    certain = np.zeros(8)
    certain[0] = 1
    found = pooled_probabilities([certain, opinion(3, 0.9)])
    assert np.isfinite(found).all()
    assert found[3] > 0


def test_intensity_is_the_mean_of_the_parts() -> None:
    assert pooled_intensity([0.2, 0.8]) == pytest.approx(0.5)
