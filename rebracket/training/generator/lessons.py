"""Pieces as the generator learns them: some bars, plain or rebracketed, as tokens with what they are."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from rebracket.config import available_cores
from rebracket.models.heads import OPERATIONS_A_TYPE
from rebracket.notation import METERS
from rebracket.segment.bars import cut
from rebracket.segment.keys import find_key
from rebracket.segment.notes import Notes
from rebracket.segment.operations import notes as on_notes
from rebracket.segment.operations.notes.tools import VOICES, melody, tidy
from rebracket.segment.operations.operation import Operation
from rebracket.segment.tokens import Staff, encode_all
from rebracket.segment.tokens.condition import condition
from rebracket.taxonomy import INDEX, TYPES, RebracketingType
from rebracket.training.music.lessons import FAINTEST, Repertoire, seeded
from rebracket.training.music.performance import barlines

PLAIN_SHARE = 0.12
TWOFOLD_SHARE = 0.08
"""Of lessons that are rebracketed twice: what mixtures sound like."""

ANY_TYPE, ANY_KEY = 0.1, 0.3
"""Shares of lessons that don't say their type, or their key."""

FEWEST_BARS, MOST_BARS = 4, 20
FEWEST_NOTES, MOST_NOTES = 16, 420
MOST_TOKENS = 1024
REBARRED = 0.2
CHUNK = 50

OTHER_BARS: dict[tuple[int, int], tuple[tuple[int, int], ...]] = {
    (6, 8): ((12, 8), (3, 8)),
    (4, 4): ((2, 4), (2, 2)),
    (2, 2): ((4, 4), (2, 4)),
    (2, 4): ((4, 4),),
    (3, 4): ((3, 2),),
}
"""Meters whose bars are some, or parts, of another's: most collections know few meters."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """`tokens` int16 [tokens]; `places` int16 [tokens, len(PLACE)] of the token after each; `condition`."""

    tokens: NDArray[np.int16]
    places: NDArray[np.int16]
    condition: NDArray[np.float32]


def lessons(repertoire: Repertoire, seed: int, count: int) -> Iterator[Lesson]:
    """The lessons of a seed in order, made by all cores."""
    with ProcessPoolExecutor(available_cores()) as pool:
        make = partial(lesson, repertoire, seed)
        yield from pool.map(make, range(count), chunksize=CHUNK)


def lesson(repertoire: Repertoire, seed: int, number: int) -> Lesson:
    """One lesson: the same whoever makes it."""
    rng = seeded(seed, number)
    while True:
        plain = some_bars(repertoire, rng)
        key = find_key(plain)
        changed, mixture, intensity = rebracketed(plain, rng)
        tokens, staff = encode_all(changed)
        if len(tokens) <= MOST_TOKENS:
            break
    meter = changed.meters[0][1:]
    asked = condition(
        meter,
        mixture=None if rng.random() < ANY_TYPE else mixture,
        intensity=intensity,
        key=None if rng.random() < ANY_KEY else key,
    )
    return Lesson(np.array(tokens, dtype=np.int16), places(tokens, staff), asked)


def places(tokens: list[int], written: Staff) -> NDArray[np.int16]:
    """In view of what each next token is written [tokens, len(PLACE)]."""
    staff = Staff(written.bars, written.bar_ticks)
    found = []
    for token in tokens:
        staff.take(token)
        found.append(staff.place())
    return np.array(found, dtype=np.int16)


def some_bars(repertoire: Repertoire, rng: Generator) -> Notes:
    """Whole bars of one meter, played evenly: the generator learns notes, and no unevenness of hands."""
    while True:
        piece = repertoire.pieces[int(rng.choice(len(repertoire.pieces), p=repertoire.weights))]
        part = _bars_of(piece, rng)
        if part is not None:
            return _played(part, rng)


def _bars_of(piece: Notes, rng: Generator) -> Notes | None:
    """From a barline on as many bars as were drawn; None where they change meter, or hold too few notes."""
    start = float(rng.choice(barlines(piece)))
    meter = [(over, under) for at, over, under in piece.meters if at <= start + 1e-6][-1]
    if rng.random() < REBARRED and meter in OTHER_BARS:
        others = OTHER_BARS[meter]
        meter = others[int(rng.integers(len(others)))]
    if meter not in METERS:
        return None
    bar = meter[0] * 4 / meter[1]
    bars = min(int(rng.integers(FEWEST_BARS, MOST_BARS + 1)), int((piece.length - start) / bar))
    length = bars * bar
    if any(start + 1e-6 < at < start + length for at, _, _ in piece.meters):
        return None
    inside = (piece.onset >= start - 1e-6) & (piece.onset < start + length - 1e-6)
    if bars < FEWEST_BARS or not FEWEST_NOTES <= inside.sum() <= MOST_NOTES:
        return None
    part = cut(piece, start, start + length)
    return tidy(replace(part, length=length, meters=((0.0, *meter),)))


def _played(notes: Notes, rng: Generator) -> Notes:
    """In another key, on other instruments, voices at levels of their own."""
    tracks, which = np.unique(notes.track, return_inverse=True)
    programs = rng.choice(VOICES, size=len(tracks))
    if rng.random() < 0.5:  # noqa: PLR2004
        programs[:] = programs[0]
    level = rng.uniform(60, 96) + rng.normal(0, 4, len(tracks))[which]
    level += melody(notes) * rng.choice([0.0, rng.uniform(4, 16)])
    return replace(
        notes,
        pitch=np.clip(notes.pitch + rng.integers(-6, 6), 0, 127).astype(np.int16),
        track=which.astype(np.int16),
        program=programs[which].astype(np.int16),
        velocity=np.clip(np.rint(level), 1, 127).astype(np.int16),
    )


def rebracketed(plain: Notes, rng: Generator) -> tuple[Notes, dict[RebracketingType, float], float]:
    """Plain, rebracketed, or rebracketed twice; by which types with what weights, and how strongly."""
    chance = rng.random()
    if chance < PLAIN_SHARE:
        return plain, {}, 0.0
    times = 2 if chance > 1 - TWOFOLD_SHARE else 1
    kinds = rng.choice(len(TYPES), size=times, replace=False)
    mixture: dict[RebracketingType, float] = {}
    for kind in kinds.tolist():
        operation = operation_of(TYPES[kind], rng)
        strength = float(rng.uniform(FAINTEST, 1.0))
        plain = operation.apply(plain, strength, rng)
        mixture[TYPES[kind]] = strength
    return plain, mixture, max(mixture.values())


def operation_of(kind: RebracketingType, rng: Generator) -> Operation[Notes]:
    """One of a type's."""
    return on_notes.OPERATIONS[
        INDEX[kind] * OPERATIONS_A_TYPE + int(rng.integers(OPERATIONS_A_TYPE))
    ]
