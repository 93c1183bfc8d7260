"""Excerpts begin at barlines; performances differ in everything but what is rebracketed."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rebracket.training.music.performance import FEWEST, LONGEST, MOST, barlines, excerpt, perform
from tests.segment.promises import check_notes
from tests.training.music.tunes import chorale

seeds = st.integers(0, 10**6)


def test_barlines_follow_the_meter() -> None:
    assert barlines(chorale(3)).tolist() == [0, 4, 8]


@given(seeds)
@settings(max_examples=50)
def test_an_excerpt_is_some_bars_with_enough_notes(seed: int) -> None:
    part = excerpt(chorale(30), np.random.default_rng(seed))
    assert part is not None
    assert FEWEST <= len(part) <= MOST
    assert part.length <= LONGEST
    assert part.onset[0] == 0
    check_notes(part)


def test_a_piece_with_too_few_notes_has_none() -> None:
    assert excerpt(chorale(1), np.random.default_rng(0)) is None


@given(seeds)
@settings(max_examples=50)
def test_a_performance_is_valid_and_keeps_the_bars(seed: int) -> None:
    plain = chorale()
    played = perform(plain, np.random.default_rng(seed))
    check_notes(played)
    assert played.meters == plain.meters
    assert played.length == plain.length
    assert (~played.drum).sum() == len(plain)


def test_one_seed_gives_one_performance() -> None:
    one, same, other = (perform(chorale(), np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one.velocity, same.velocity)
    assert not np.array_equal(one.velocity, other.velocity)
