"""Made music with known answers: which operation, hence which type, and how strong."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.random import Generator

from rebracket.models.heads import PLAIN
from rebracket.segment.notes import Notes
from rebracket.segment.operations.operation import Operation
from rebracket.training.music.performance import excerpt, perform

M = TypeVar("M")

PLAIN_SHARE = 0.25
FAINTEST = 0.15
"""The lowest intensity of what is called rebracketed: below, nobody could tell."""


@dataclass(frozen=True, slots=True)
class Lesson(Generic[M]):
    """Material with its answer: the operation's number, or `PLAIN` with intensity 0."""

    material: M
    kind: int
    intensity: float


def lesson(
    material: M, operations: Sequence[Operation[M]], rng: Generator, *, faintest: float = FAINTEST
) -> Lesson[M]:
    """Rebracket plain material by an operation drawn at random, or leave it plain."""
    if rng.random() < PLAIN_SHARE:
        return Lesson(material, PLAIN, 0.0)
    kind = int(rng.integers(len(operations)))
    intensity = float(rng.uniform(faintest, 1.0))
    return Lesson(operations[kind].apply(material, intensity, rng), kind, intensity)


def performances(pieces: Sequence[Notes], rng: Generator) -> Iterator[Notes]:
    """Played excerpts without end, every collection's pieces as often as they have notes."""
    while True:
        part = excerpt(pieces[int(rng.integers(len(pieces)))], rng)
        if part is not None:
            yield perform(part, rng)


Draw = Callable[[Generator], Lesson[M]]


def seeded(seed: int, number: int) -> Generator:
    """The generator of one lesson: the same whoever makes it, and after whichever others."""
    return np.random.default_rng([seed, number])
