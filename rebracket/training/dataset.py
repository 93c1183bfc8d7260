"""Corpus texts as batches of cached lower-layer states."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from rebracket.models.classifier import SegmentClassifier
from rebracket.segment.text import FIELDS, TextEncoder, stack
from rebracket.training.corpus import AuthoredText

LYRICS = FIELDS.index("lyrics")
SORT_SPAN = 20
"""Batches that are sorted by length together: little padding, still mixed."""


@dataclass(frozen=True, slots=True)
class Example:
    """One text after the frozen layers: `hidden` bfloat16 [length, width]."""

    hidden: Tensor
    field: int
    mass: Tensor
    intensity: float
    register: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded windows of several segments; shapes as in `SegmentClassifier.upper`."""

    hidden: Tensor
    attention_mask: Tensor
    fields: Tensor
    pool: Tensor
    mass: Tensor
    intensity: Tensor


@torch.no_grad()
def cache_lower_layers(
    model: SegmentClassifier, encoder: TextEncoder, texts: Sequence[AuthoredText]
) -> list[Example]:
    """Run every text through the frozen layers once; texts longer than a window are cut to it."""
    model.eval()
    examples: list[Example | None] = [None] * len(texts)
    rows = [encoder.encode(text.text, None) for text in texts]
    order = sorted(range(len(texts)), key=lambda i: 0 if rows[i] is None else rows[i].tokens)  # type: ignore[union-attr]
    for start in range(0, len(order), 64):
        chunk = order[start : start + 64]
        windows = stack([row for i in chunk if (row := rows[i]) is not None])
        mask = torch.from_numpy(windows.mask)
        hidden = model.lower(torch.from_numpy(windows.ids), mask)
        for position, index in enumerate(chunk):
            text = texts[index]
            first = int(np.flatnonzero(windows.pool[position])[0])
            examples[index] = Example(
                hidden=hidden[first, : int(mask[first].sum())].to(torch.bfloat16).clone(),
                field=LYRICS if text.register_ == "lyric" else 1 - LYRICS,
                mass=torch.tensor(text.mass, dtype=torch.float32),
                intensity=text.mean_intensity,
                register=text.register_,
            )
    return [example for example in examples if example is not None]


def collate(segments: Sequence[Sequence[Example]]) -> Batch:
    """A batch in which each segment is one or more examples, weighing alike."""
    flat = [example for segment in segments for example in segment]
    length = max(len(example.hidden) for example in flat)
    hidden = torch.zeros(len(flat), length, flat[0].hidden.shape[1])
    mask = torch.zeros(len(flat), length, dtype=torch.int64)
    for row, example in enumerate(flat):
        hidden[row, : len(example.hidden)] = example.hidden
        mask[row, : len(example.hidden)] = 1
    pool = torch.zeros(len(segments), len(flat))
    row = 0
    for index, segment in enumerate(segments):
        pool[index, row : row + len(segment)] = 1 / len(segment)
        row += len(segment)
    return Batch(
        hidden=hidden,
        attention_mask=mask,
        fields=torch.tensor([example.field for example in flat]),
        pool=pool,
        mass=torch.stack([torch.stack([e.mass for e in s]).mean(dim=0) for s in segments]),
        intensity=torch.tensor([sum(e.intensity for e in s) / len(s) for s in segments]),
    )


def batches(
    examples: Sequence[Example], *, size: int, pair_share: float, rng: random.Random
) -> Iterator[Batch]:
    """One epoch: every example once, near-equal lengths together, some as text-and-lyrics pairs.

    A pair joins a lyric to a note or proposal with the same dominant type: one segment, its label
    the mean of both.
    """
    segments = _pair_up(examples, pair_share, rng)
    rng.shuffle(segments)
    out = []
    for start in range(0, len(segments), size * SORT_SPAN):
        span = sorted(segments[start : start + size * SORT_SPAN], key=_length)
        out += [span[k : k + size] for k in range(0, len(span), size)]
    rng.shuffle(out)
    for batch in out:
        yield collate(batch)


def _pair_up(
    examples: Sequence[Example], share: float, rng: random.Random
) -> list[tuple[Example, ...]]:
    lyrics = [e for e in examples if e.field == LYRICS]
    others = [e for e in examples if e.field != LYRICS]
    rng.shuffle(others)
    waiting: dict[int, list[Example]] = {}
    for example in others:
        waiting.setdefault(int(example.mass.argmax()), []).append(example)
    segments: list[tuple[Example, ...]] = []
    for lyric in lyrics:
        partners = waiting.get(int(lyric.mass.argmax()), [])
        if partners and rng.random() < share:
            segments.append((partners.pop(), lyric))
        else:
            segments.append((lyric,))
    return segments + [(e,) for partners in waiting.values() for e in partners]


def _length(segment: Sequence[Example]) -> int:
    return max(len(example.hidden) for example in segment)
