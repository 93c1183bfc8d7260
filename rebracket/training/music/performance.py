"""Score → performance: an excerpt with instruments, dynamics and timing such as players and DAWs give.

What varies here without being rebracketed is what the encoders learn to pass over.
"""

from dataclasses import replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from rebracket.segment.notes import Notes
from rebracket.segment.operations.notes.tools import VOICES, free_track, join, melody, take, tidy

SHORTEST, LONGEST = 12.0, 40.0
"""Quarter notes of an excerpt."""

FEWEST, MOST = 24, 400
"""Notes of an excerpt."""

TRIES = 20


def excerpt(piece: Notes, rng: Generator) -> Notes | None:
    """Some bars of a piece, from a barline on; None where none with enough notes was found."""
    for _ in range(TRIES):
        length = float(rng.uniform(SHORTEST, LONGEST))
        bars = barlines(piece)
        start = float(rng.choice(bars))
        inside = (piece.onset >= start - 1e-6) & (piece.onset < start + length - 1e-6)
        if FEWEST <= inside.sum() <= MOST:
            return _cut(piece, inside, start, length)
    return None


def barlines(piece: Notes) -> NDArray[np.float64]:
    """Where bars begin, in quarter notes."""
    bounds = [*(start for start, _, _ in piece.meters), piece.length]
    return np.concatenate(
        [
            np.arange(start, max(end, start + 1e-3), numerator * 4 / denominator)
            for (start, numerator, denominator), end in zip(piece.meters, bounds[1:], strict=True)
        ]
    )


def _cut(piece: Notes, inside: NDArray[np.bool_], start: float, length: float) -> Notes:
    part = take(piece, inside)
    before = [meter for meter in piece.meters if meter[0] <= start + 1e-6]
    later = [meter for meter in piece.meters if start + 1e-6 < meter[0] < start + length]
    meters = [(0.0, *before[-1][1:]), *((at - start, a, b) for at, a, b in later)]
    length = min(length, float((part.onset + part.duration).max()) - start)
    moved = replace(part, onset=part.onset - start, length=length, meters=tuple(meters))
    return tidy(moved)


def perform(notes: Notes, rng: Generator) -> Notes:
    """Key, tempo, instruments, dynamics, articulation and timing, drawn anew."""
    moved = replace(
        notes,
        pitch=(notes.pitch + rng.integers(-6, 7)).astype(np.int16),
        tempos=((0.0, float(np.round(rng.uniform(60, 160), 2))),),
    )
    played = _timed(_loud(_cast(moved, rng), rng), rng)
    return _with_drums(played, rng) if rng.random() < 0.15 else played  # noqa: PLR2004


def _cast(notes: Notes, rng: Generator) -> Notes:
    """One instrument for all, or one a voice; sometimes all voices on one track."""
    tracks, which = np.unique(notes.track, return_inverse=True)
    programs = rng.choice(VOICES, size=len(tracks))
    if rng.random() < 0.5:  # noqa: PLR2004
        programs[:] = programs[0]
    one = rng.random() < 0.3  # noqa: PLR2004
    return replace(
        notes,
        program=programs[np.zeros_like(which) if one else which].astype(np.int16),
        track=(np.zeros_like(which) if one else which).astype(np.int16),
    )


def _loud(notes: Notes, rng: Generator) -> Notes:
    """A level, voices apart, accents, phrases, and unevenness; or none of these."""
    level = rng.uniform(58, 98)
    count = len(notes)
    if rng.random() < 0.2:  # noqa: PLR2004
        return replace(notes, velocity=np.full(count, round(level), dtype=np.int16))
    voices = rng.normal(0, 4, int(notes.track.max()) + 1)[notes.track]
    lead = melody(notes) * rng.uniform(0, 12)
    beat = (np.abs(notes.onset - np.rint(notes.onset)) < 0.01) * rng.uniform(0, 10)  # noqa: PLR2004
    phrase = np.sin(2 * np.pi * (notes.onset / rng.choice([8, 16, 32]) + rng.random()))
    swell = rng.uniform(0, 10) * phrase
    trend = rng.uniform(-14, 14) * (notes.onset / notes.length - 0.5)
    uneven = rng.normal(0, rng.uniform(0, 5), count)
    velocity = level + voices + lead + beat + swell + trend + uneven
    return replace(notes, velocity=np.clip(np.rint(velocity), 1, 127).astype(np.int16))


def _timed(notes: Notes, rng: Generator) -> Notes:
    """Held or detached, exact or a little uneven."""
    held = rng.choice([1.0, 0.95, 0.9, 0.8, rng.uniform(0.6, 1.0)])
    uneven = rng.choice([0.0, 0.0, rng.uniform(0, 0.03)])
    return tidy(
        replace(
            notes,
            onset=notes.onset + rng.normal(0, 1, len(notes)) * uneven,
            duration=notes.duration * held,
        )
    )


def _with_drums(notes: Notes, rng: Generator) -> Notes:
    """A drummer who keeps the beat."""
    step = float(rng.choice([0.5, 1.0]))
    onset = np.arange(0, notes.length - 0.2, step)
    count = len(onset)
    beat = np.rint(onset / step).astype(int)
    drums = replace(
        notes,
        onset=onset,
        duration=np.full(count, 0.1),
        pitch=np.where(beat % 4 == 0, 36, np.where(beat % 4 == 2, 38, 42)).astype(np.int16),  # noqa: PLR2004
        velocity=np.full(count, int(rng.integers(50, 95)), dtype=np.int16),
        program=np.zeros(count, dtype=np.int16),
        drum=np.ones(count, dtype=np.bool_),
        track=np.full(count, free_track(notes), dtype=np.int16),
    )
    return join([notes, drums])
