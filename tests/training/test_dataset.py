"""Texts become batches; pairs and fields are arranged anew each epoch."""

import random

import pytest
import torch

from rebracket.training.dataset import LYRICS, Example, arrange, batches, collate


def example(length: int, kind: int, field: int) -> Example:
    return Example(
        hidden=torch.full((length, 4), float(kind), dtype=torch.bfloat16),
        field=field,
        mass=torch.eye(8)[kind],
        intensity=kind / 10,
    )


@pytest.fixture
def examples() -> list[Example]:
    return [example(3 + n, n % 4, n % 2) for n in range(40)]


def test_every_example_is_seen_once(examples: list[Example]) -> None:
    segments = arrange(examples, 0.5, 0.0, random.Random(0))
    assert sorted(id(e) for segment in segments for e in segment) == sorted(map(id, examples))


def test_pairs_are_text_and_lyrics_of_one_type(examples: list[Example]) -> None:
    kinds = [0, 1]
    examples = [example(5, kind, field) for kind in kinds for field in (0, 1) for _ in range(10)]
    pairs = [s for s in arrange(examples, 1.0, 1.0, random.Random(0)) if len(s) == 2]
    assert len(pairs) == 20
    for text, lyric in pairs:
        assert (text.field, lyric.field) == (1 - LYRICS, LYRICS)
        assert torch.equal(text.mass, lyric.mass)


def test_lone_segments_change_their_field_as_often_as_asked(examples: list[Example]) -> None:
    before = sum(e.field for e in examples)
    none = arrange(examples, 0.0, 0.0, random.Random(0))
    every = arrange(examples, 0.0, 1.0, random.Random(0))
    assert sum(e.field for (e,) in none) == before
    assert sum(e.field for (e,) in every) == len(examples) - before


def test_a_batch_pads_and_averages() -> None:
    batch = collate([(example(3, 2, 0),), (example(5, 1, 0), example(2, 3, 1))])
    assert batch.hidden.shape == (3, 5, 4)
    assert batch.attention_mask.sum(dim=1).tolist() == [3, 5, 2]
    assert batch.pool.tolist() == [[1, 0, 0], [0, 0.5, 0.5]]
    assert batch.mass[1].tolist() == [0, 0.5, 0, 0.5, 0, 0, 0, 0]
    assert batch.intensity.tolist() == pytest.approx([0.2, 0.2])


def test_batches_hold_every_segment(examples: list[Example]) -> None:
    segments = arrange(examples, 0.3, 0.2, random.Random(1))
    found = list(batches(segments, size=8, rng=random.Random(2)))
    assert sum(len(batch.pool) for batch in found) == len(segments)
    assert max(len(batch.pool) for batch in found) <= 8
