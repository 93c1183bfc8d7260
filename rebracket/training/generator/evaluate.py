"""What a served version's generator is worth: whether its segments are read as asked, and like music."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from rebracket.conditioning import Conditioning
from rebracket.generation.candidates import best, score
from rebracket.generation.compose import compose
from rebracket.generation.order import plan_of
from rebracket.inference.predictor import Predictor
from rebracket.schemas import Prediction, Segment
from rebracket.segment.keys import scale_share
from rebracket.segment.midi import write_midi
from rebracket.segment.notes import Notes
from rebracket.segment.tokens import VOCABULARY, Staff
from rebracket.segment.tokens.vocabulary import TICKS
from rebracket.taxonomy import TYPES, RebracketingType
from rebracket.training.generator.copies import all_passages, copied_share
from rebracket.training.generator.lessons import operation_of, some_bars
from rebracket.training.music.lessons import Repertoire, seeded

INTENSITY = 0.7
QUANTILES = (0.05, 0.5, 0.95)
REAL, RANDOM = 400, 100
"""Pieces that generated ones are compared with."""


class Likeness(BaseModel):
    """How music-like pieces are.

    The share of notes in the best-fitting scale, and notes a quarter note at `QUANTILES`.
    """

    in_scale: float
    density: list[float]
    copied: float
    """Of four bars in a row, those that training pieces have too."""


class GeneratorQuality(BaseModel):
    """All of it; shares are 0 to 1."""

    segments: int
    recognized: float
    recognized_alone: float
    """With one candidate."""
    by_type: dict[RebracketingType, float]
    found: dict[RebracketingType, dict[RebracketingType, int]]
    """Asked → read, of the best candidates."""
    intensity_r: float
    valid: float
    likeness: dict[str, Likeness]
    """Generated; real pieces that training never saw, plain and rebracketed; and random tokens."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What was asked, the pieces written, and how they were read."""

    asked: Conditioning
    pieces: list[Notes]
    readings: list[Prediction]

    @property
    def best(self) -> int:
        """The chosen piece's index."""
        scores = [score(r, self.asked.mixture, self.asked.intensity) for r in self.readings]
        return best(scores)

    def is_recognized(self, which: int) -> bool:
        """Whether a piece is read as the type that was asked for."""
        return self.readings[which].type in self.asked.mixture


def evaluate_generator(
    reader: Predictor, count: int, seed: int, *, guidance: float, advance: Callable[[], None]
) -> GeneratorQuality:
    """Measure over `count` segments at intensity 0.7, and half as many at random intensities."""
    trials = [
        _tried(reader, _asked(seed + number, INTENSITY), guidance, advance)
        for number in range(count)
    ]
    chance = np.random.default_rng(seed)
    others = [
        _tried(reader, _asked(seed + count + number, float(chance.random())), guidance, advance)
        for number in range(count // 2)
    ]
    asked = [trial.asked.intensity for trial in others]
    read = [trial.readings[trial.best].intensity for trial in others]
    recognized = {
        kind: [t.is_recognized(t.best) for t in trials if t.asked.type == kind] for kind in TYPES
    }
    return GeneratorQuality(
        segments=count,
        recognized=_share([t.is_recognized(t.best) for t in trials]),
        recognized_alone=_share([t.is_recognized(0) for t in trials]),
        by_type={kind: _share(found) for kind, found in recognized.items()},
        found={
            kind: {
                other: sum(t.readings[t.best].type == other for t in trials if t.asked.type == kind)
                for other in TYPES
            }
            for kind in TYPES
        },
        intensity_r=float(np.corrcoef(asked, read)[0, 1]),
        valid=_share([bool(trial.readings) for trial in trials]),
        likeness=_likenesses([trial.pieces[trial.best] for trial in trials], seed),
    )


def _share(found: Sequence[bool]) -> float:
    return sum(found) / max(len(found), 1)


def _asked(seed: int, intensity: float) -> Conditioning:
    return Conditioning(type=TYPES[seed % len(TYPES)], intensity=intensity, seed=seed)


def _tried(
    reader: Predictor, asked: Conditioning, guidance: float, advance: Callable[[], None]
) -> Trial:
    """Written, saved as files, and read from them."""
    assert reader.generator is not None
    assert asked.seed is not None
    pieces = compose(reader.generator, plan_of(asked, seed=asked.seed, guidance=guidance))
    readings = [reader.predict(Segment(midi=write_midi(piece))) for piece in pieces]
    advance()
    return Trial(asked, pieces, readings)


def _likenesses(generated: Sequence[Notes], seed: int) -> dict[str, Likeness]:
    known = all_passages(Repertoire.of("train").pieces)
    unseen = Repertoire.of("test")
    real = [some_bars(unseen, seeded(seed, number)) for number in range(REAL)]
    changed = [
        _rebracketed(piece, TYPES[number % len(TYPES)], seeded(seed, number))
        for number, piece in enumerate(real)
    ]
    noise = [_random_piece(seeded(seed, number)) for number in range(RANDOM)]
    groups = {"generated": generated, "real": real, "rebracketed": changed, "random": noise}
    return {name: _likeness(pieces, known) for name, pieces in groups.items()}


def _rebracketed(piece: Notes, kind: RebracketingType, rng: np.random.Generator) -> Notes:
    return operation_of(kind, rng).apply(piece, INTENSITY, rng)


def _likeness(pieces: Sequence[Notes], known: set[int]) -> Likeness:
    density = np.quantile([len(piece) / piece.length for piece in pieces], QUANTILES)
    return Likeness(
        in_scale=float(np.mean([scale_share(piece) for piece in pieces])),
        density=density.tolist(),
        copied=copied_share(pieces, known),
    )


def _random_piece(rng: np.random.Generator) -> Notes:
    """Tokens of the grammar, each as likely as another."""
    staff = Staff(8, 4 * TICKS)
    tokens: NDArray[np.intp] = np.arange(VOCABULARY)
    while not staff.ended:
        staff.take(int(rng.choice(tokens[staff.allowed()])))
    return staff.notes()
