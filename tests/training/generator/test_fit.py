"""Lessons go into batches of few shapes, each once, and what is shown is learned."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from rebracket.models import generator
from rebracket.models.generator import Generator
from rebracket.segment.tokens import PLACE, encode_all
from rebracket.segment.tokens.condition import CONDITION, condition
from rebracket.segment.tokens.vocabulary import BAR, PAD
from rebracket.taxonomy import TYPES
from rebracket.training.generator.fit import (
    LENGTHS,
    batches,
    collate,
    fit,
    loss_of,
    mean_loss,
    rows_of,
)
from rebracket.training.generator.lessons import MOST_TOKENS, Lesson, places
from rebracket.training.generator.recipe import GeneratorRecipe
from tests.training.music.tunes import chorale

RECIPE = GeneratorRecipe(
    epochs=8, batch_tokens=1024, dropout=0.0, averaging=0.5, warmup=0.1, learning_rate=3e-3
)


def dummy(length: int) -> Lesson:
    """So many bars without notes."""
    return Lesson(
        np.full(length, BAR, dtype=np.int16),
        np.zeros((length, len(PLACE)), dtype=np.int16),
        np.zeros(CONDITION, dtype=np.float32),
    )


def taught(shift: int, bars: int = 2) -> Lesson:
    """Two bars of the chorale, transposed."""
    notes = chorale(bars)
    tokens, staff = encode_all(replace(notes, pitch=notes.pitch + np.int16(shift)))
    asked = condition((4, 4), mixture={TYPES[shift % 8]: 1.0}, intensity=0.5)
    return Lesson(np.array(tokens, dtype=np.int16), places(tokens, staff), asked)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Generator:
    """A generator of one layer that has learned nothing."""
    monkeypatch.setattr(generator, "LAYERS", 1)
    torch.manual_seed(0)
    return Generator()


@given(st.lists(st.integers(2, MOST_TOKENS), min_size=1, max_size=120), st.integers(0, 99))
@settings(max_examples=50)
def test_batches_hold_every_lesson_once(lengths: list[int], seed: int) -> None:
    found = list(batches([dummy(n) for n in lengths], RECIPE, np.random.default_rng(seed)))
    assert sorted(index for batch in found for index in batch) == list(range(len(lengths)))


@given(st.lists(st.integers(2, MOST_TOKENS), min_size=1, max_size=120))
@settings(max_examples=50)
def test_a_batch_is_of_one_shape_and_no_more_tokens_than_it_may(lengths: list[int]) -> None:
    items = [dummy(length) for length in lengths]
    for batch in batches(items, RECIPE, np.random.default_rng(0)):
        padded = {int(np.searchsorted(LENGTHS, lengths[index])) for index in batch}
        assert len(padded) == 1
        tokens, located, asked = collate([items[index] for index in batch], RECIPE)
        (which,) = padded
        assert tokens.shape == (rows_of(LENGTHS[which], RECIPE), LENGTHS[which])
        assert tokens.numel() <= RECIPE.batch_tokens
        assert located.shape == (*tokens.shape, len(PLACE))
        assert asked.shape == (len(tokens), CONDITION)


def test_one_seed_gives_one_order_and_another_another() -> None:
    items = [dummy(length) for length in range(2, 200)]
    one, same, other = (
        list(batches(items, RECIPE, np.random.default_rng(seed))) for seed in (1, 1, 2)
    )
    assert one == same != other


def test_what_a_lesson_lacks_of_its_batch_is_padding() -> None:
    items = [taught(0), taught(3, bars=1)]
    tokens, located, asked = collate(items, RECIPE)
    for row, item in enumerate(items):
        length = len(item.tokens)
        assert tokens[row, :length].tolist() == item.tokens.tolist()
        assert (tokens[row, length:] == PAD).all()
        assert located[row, :length].tolist() == item.places.tolist()
        assert asked[row].tolist() == item.condition.tolist()
    assert (tokens[2:] == PAD).all()


def test_a_loss_is_that_of_each_next_token_and_of_no_padding(small: Generator) -> None:
    items = [taught(0), taught(5, bars=1)]
    total, count = 0.0, 0
    for item in items:
        tokens = torch.from_numpy(item.tokens.astype(np.int64))[None]
        located = torch.from_numpy(item.places.astype(np.int64))[None]
        asked = torch.from_numpy(item.condition)[None]
        with torch.no_grad():
            logits = small(tokens[:, :-1], located[:, :-1], asked)[0]
        total += float(functional.cross_entropy(logits, tokens[0, 1:], reduction="sum"))
        count += tokens.shape[1] - 1
    assert float(loss_of(small, items, RECIPE).detach()) == pytest.approx(total / count, rel=0.01)
    assert mean_loss(small, items, RECIPE) == pytest.approx(total / count, rel=0.01)


def test_what_is_shown_is_learned(small: Generator) -> None:
    items = [taught(shift) for shift in range(-10, 20)]
    unseen = [taught(shift) for shift in (20, 21)]
    before, unseen_before = (mean_loss(small, some, RECIPE) for some in (items, unseen))
    steps: list[tuple[int, int]] = []
    fit(small, items, RECIPE, progress=lambda step, count, _: steps.append((step, count)))
    assert steps == [(step, 16) for step in range(1, 17)]
    assert mean_loss(small, items, RECIPE) < 0.8 * before
    assert mean_loss(small, unseen, RECIPE) < unseen_before
    assert not small.training
