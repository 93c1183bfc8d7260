"""Music with known answers: which operation, hence which type, and how strong."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, Self, TypeVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from rebracket.models.heads import PLAIN
from rebracket.segment.notes import Notes
from rebracket.segment.operations import notes as on_notes
from rebracket.segment.operations import sound as on_sound
from rebracket.segment.operations.operation import Operation
from rebracket.segment.sound import Sound
from rebracket.training.music.collections import Use, pieces
from rebracket.training.music.performance import excerpt, perform
from rebracket.training.music.render import TRAINING, UNSEEN, render

M = TypeVar("M")

PLAIN_SHARE = 0.25
FAINTEST = 0.15
"""The lowest intensity of what is called rebracketed: below, nobody could tell."""

TAKE_S = 9.0
"""Seconds of a take at most."""

SHORTEST_TAKE_S = 6.0
SHORTEST_S, LONGEST_S = 4.0, 8.0
"""Seconds of a lesson in sound."""

OTHER_FONT = 0.4
MONO = 0.2


@dataclass(frozen=True, slots=True)
class Lesson(Generic[M]):
    """Material with its answer: the operation's number, or `PLAIN` with intensity 0."""

    material: M
    kind: int
    intensity: float


def seeded(*numbers: int) -> Generator:
    """The generator of one lesson: the same whoever makes it, and after whichever others."""
    return np.random.default_rng(numbers)


def lesson(material: M, operations: Sequence[Operation[M]], rng: Generator) -> Lesson[M]:
    """Rebracket plain material by an operation drawn at random, or leave it plain."""
    if rng.random() < PLAIN_SHARE:
        return Lesson(material, PLAIN, 0.0)
    kind = int(rng.integers(len(operations)))
    intensity = float(rng.uniform(FAINTEST, 1.0))
    return Lesson(operations[kind].apply(material, intensity, rng), kind, intensity)


@dataclass(frozen=True)
class Repertoire:
    """The pieces of one use; large ones are played more often, but not as often as they are large."""

    pieces: Sequence[Notes]

    @classmethod
    def of(cls, use: Use) -> Self:
        """Everything kept for a use."""
        return cls([notes for _, notes in pieces(use)])

    @cached_property
    def weights(self) -> NDArray[np.float64]:
        """How often each piece is played [pieces], sum 1."""
        roots = np.sqrt([len(piece) for piece in self.pieces])
        return np.asarray(roots / roots.sum())

    def performance(self, rng: Generator) -> Notes:
        """Some bars of a piece, played."""
        while True:
            part = excerpt(self.pieces[int(rng.choice(len(self.pieces), p=self.weights))], rng)
            if part is not None:
                return perform(part, rng)

    def notes_lesson(self, seed: int, number: int) -> Lesson[Notes]:
        """One lesson in notes."""
        rng = seeded(seed, number)
        return lesson(self.performance(rng), on_notes.OPERATIONS, rng)

    def take(self, seed: int, number: int, *, unseen: bool = False) -> Sound:
        """A performance in sound; `unseen` by the synthesizer that is kept for tests.

        Raises:
            CorpusError: FluidSynth or a SoundFont is not installed.
        """
        rng = seeded(seed, number)
        while True:
            played = self.performance(rng)
            if played.length * 60 / played.tempos[0][1] >= SHORTEST_TAKE_S:
                break
        font = UNSEEN if unseen else TRAINING[int(rng.random() < OTHER_FONT)]
        sound = render(played, font, rng)
        return Sound(sound.samples[:, : int(TAKE_S * sound.rate)], sound.rate)


def sound_lesson(take: Sound, *numbers: int) -> Lesson[Sound]:
    """One of several lessons from a take: some seconds of it, in stereo or mono."""
    rng = seeded(*numbers)
    length = int(rng.uniform(SHORTEST_S, LONGEST_S) * take.rate)
    start = int(rng.integers(0, max(1, take.samples.shape[1] - length)))
    samples = take.samples[:, start : start + length]
    if rng.random() < MONO:
        samples = samples.mean(axis=0, keepdims=True)
    return lesson(Sound(samples, take.rate), on_sound.OPERATIONS, rng)
