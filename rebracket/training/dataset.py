"""Corpus texts as batches of cached lower-layer states."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

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
    """One text after the frozen layers: `hidden` float16 [length, width]."""

    hidden: Tensor
    field: int
    mass: Tensor
    intensity: float


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
    rows = [windows for text in texts if (windows := encoder.encode(text.text, None))]
    order = sorted(range(len(rows)), key=lambda index: rows[index].ids.size)
    for start in range(0, len(order), 64):
        chunk = order[start : start + 64]
        windows = stack([rows[index] for index in chunk])
        mask = torch.from_numpy(windows.mask)
        hidden = model.lower(torch.from_numpy(windows.ids), mask)
        for position, index in enumerate(chunk):
            text = texts[index]
            first = int(np.flatnonzero(windows.pool[position])[0])
            examples[index] = Example(
                hidden=hidden[first, : int(mask[first].sum())].half().clone(),
                field=LYRICS if text.register_ == "lyric" else 1 - LYRICS,
                mass=torch.tensor(text.mass, dtype=torch.float32),
                intensity=text.mean_intensity,
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


def arrange(
    examples: Sequence[Example], pair_share: float, field_swap: float, rng: random.Random
) -> list[tuple[Example, ...]]:
    """Segments of one epoch: every example once, some as text-and-lyrics pairs.

    A pair joins a lyric to a note or proposal with the same dominant type; its label is the mean
    of both. `field_swap` of the lone ones stand in the other field: callers send lyrics as text.
    """
    waiting: dict[int, list[Example]] = {}
    for example in rng.sample(examples, len(examples)):
        if example.field != LYRICS:
            waiting.setdefault(int(example.mass.argmax()), []).append(example)
    pairs, alone = [], []
    for lyric in (example for example in examples if example.field == LYRICS):
        partners = waiting.get(int(lyric.mass.argmax()))
        if partners and rng.random() < pair_share:
            pairs.append((partners.pop(), lyric))
        else:
            alone.append(lyric)
    alone += [example for partners in waiting.values() for example in partners]
    swapped = [
        replace(example, field=1 - example.field) if rng.random() < field_swap else example
        for example in alone
    ]
    return [*pairs, *((example,) for example in swapped)]


def batches(
    segments: Sequence[tuple[Example, ...]], *, size: int, rng: random.Random
) -> Iterator[Batch]:
    """Segments in random order, near-equal lengths together."""
    shuffled = rng.sample(segments, len(segments))
    out = []
    for start in range(0, len(shuffled), size * SORT_SPAN):
        span = sorted(shuffled[start : start + size * SORT_SPAN], key=_length)
        out += [span[k : k + size] for k in range(0, len(span), size)]
    rng.shuffle(out)
    for batch in out:
        yield collate(batch)


def _length(segment: Sequence[Example]) -> int:
    return max(len(example.hidden) for example in segment)
