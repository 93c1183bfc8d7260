"""Tokens are drawn as the rules say: compared with a slow reading of the same rules."""

from collections.abc import Sequence
from typing import cast

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from numpy.random import Generator
from scipy.stats import chisquare

from rebracket.generation.sampling import Sampling, draw

logit = st.floats(-30, 30, width=32)
rows = st.lists(st.tuples(logit, st.booleans()), min_size=1, max_size=24).filter(
    lambda row: any(is_allowed for _, is_allowed in row)
)
samplings = st.builds(
    Sampling,
    temperature=st.sampled_from((0.0, 0.05, 0.7, 1.0, 2.0)),
    top_k=st.sampled_from((0, 1, 2, 5, 1000)),
    top_p=st.sampled_from((1e-6, 0.3, 0.8, 0.95, 1.0)),
)
Row = list[tuple[float, bool]]


class Told:
    """Chance that comes as told."""

    def __init__(self, number: float) -> None:
        self.number = number

    def random(self) -> float:
        return self.number


def drawn(row: Row, sampling: Sampling, number: float) -> int:
    """The token of one row by a number of chance, 0 to 1."""
    logits, allowed = zip(*row, strict=True)
    chance = cast("Generator", Told(number))
    (token,) = draw(np.array([logits], np.float32), np.array([allowed]), sampling, [chance])
    return token


def reference(row: Row, sampling: Sampling) -> list[tuple[int, float]]:
    """Tokens that may be drawn, the likeliest first, and their probabilities."""
    found = [
        (float(np.float32(logit)), token) for token, (logit, allowed) in enumerate(row) if allowed
    ]
    best = max(logit for logit, _ in found)
    scores = [((logit - best) / sampling.temperature, token) for logit, token in found]
    if sampling.top_k:  # by what exp may make alike
        least = sorted(scores, reverse=True)[: sampling.top_k][-1][0]
        scores = [item for item in scores if item[0] >= least]
    weights = [(float(np.exp(score)), token) for score, token in scores]
    weights.sort(key=lambda item: (-item[0], item[1]))
    total, held, kept = sum(weight for weight, _ in weights), 0.0, []
    for weight, token in weights:
        assume(abs(held - sampling.top_p * total) > 1e-9 * total)
        if held >= sampling.top_p * total:
            break
        held += weight
        kept.append((token, weight))
    return [(token, weight / held) for token, weight in kept]


@given(rows, samplings, st.floats(0, 1, exclude_max=True))
def test_no_forbidden_token_is_drawn(row: Row, sampling: Sampling, number: float) -> None:
    assert row[drawn(row, sampling, number)][1]


@example([(0.0, True), (2.0**-149, True)], Sampling(temperature=0.05, top_k=1, top_p=1e-6))
@given(rows, samplings.filter(lambda sampling: sampling.temperature > 0))
def test_each_token_has_its_part_of_chance(row: Row, sampling: Sampling) -> None:
    end = 0.0
    for token, probability in reference(row, sampling):
        begin, end = end, end + probability
        if probability > 1e-9:
            assert drawn(row, sampling, (begin + end) / 2) == token
    assert end == pytest.approx(1.0)


@given(rows, st.floats(0, 1, exclude_max=True))
def test_without_temperature_the_likeliest_is_taken(row: Row, number: float) -> None:
    best = max(np.float32(logit) for logit, is_allowed in row if is_allowed)
    found = drawn(row, Sampling(temperature=0.0), number)
    assert found == next(
        token for token, (logit, allowed) in enumerate(row) if allowed and np.float32(logit) == best
    )


@pytest.mark.parametrize("number", [0.0, 0.5, 1 - 2**-53])
def test_of_the_one_likeliest_there_is_no_choice(number: float) -> None:
    row = [(1.0, True), (3.0, False), (2.0, True), (0.0, True)]
    assert drawn(row, Sampling(top_k=1), number) == 2
    assert drawn(row, Sampling(top_p=0.01), number) == 2


def test_forbidden_tokens_are_none_of_the_likeliest() -> None:
    row = [(9.0, False), (8.0, False), (1.0, True), (0.0, True), (-1.0, True)]
    found = {drawn(row, Sampling(top_k=2), number) for number in np.linspace(0, 0.999, 50)}
    assert found == {2, 3}


def test_the_last_number_of_chance_draws_a_token_that_has_some() -> None:
    row = [(0.0, True), (-40.0, True), (-1e4, True), (0.0, False)]
    assert drawn(row, Sampling(), 1 - 2**-53) in (0, 1)


def draws(seed: int, count: int, sampling: Sampling) -> Sequence[int]:
    logits = np.tile(np.array([2.0, 1.0, 0.5, 3.0, -1.0], np.float32), (count, 1))
    allowed = np.tile([True, True, True, False, True], (count, 1))
    return draw(logits, allowed, sampling, [np.random.default_rng(seed)] * count)


def test_frequencies_follow_probabilities() -> None:
    found = np.bincount(draws(5, 20_000, Sampling(temperature=1.5)), minlength=5)
    weights = np.exp(np.array([2.0, 1.0, 0.5, -1.0]) / 1.5)
    assert found[3] == 0
    tested = chisquare(np.delete(found, 3), weights / weights.sum() * 20_000)
    assert tested.pvalue > 0.01


def test_one_generator_draws_the_same_and_another_other_tokens() -> None:
    assert draws(1, 50, Sampling()) == draws(1, 50, Sampling())
    assert draws(1, 50, Sampling()) != draws(2, 50, Sampling())


def test_each_row_draws_by_its_own_generator() -> None:
    logits, allowed = np.zeros((3, 100), np.float32), np.ones((3, 100), np.bool_)
    alone = [
        draw(logits[:1], allowed[:1], Sampling(), [np.random.default_rng(seed)])[0]
        for seed in (4, 5, 6)
    ]
    chances = [np.random.default_rng(seed) for seed in (4, 5, 6)]
    assert draw(logits, allowed, Sampling(), chances) == alone


def test_logits_are_not_changed() -> None:
    logits, allowed = np.zeros((1, 4), np.float32), np.array([[True, False, True, True]])
    draw(logits, allowed, Sampling(top_k=1), [np.random.default_rng(0)])
    assert not logits.any()
