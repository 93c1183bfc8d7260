"""What kind of thing a note is: pitched made unpitched, one mode another, a tone an ornament."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from rebracket.segment.notes import Notes
from rebracket.segment.operations.notes.tools import (
    chosen,
    free_track,
    join,
    share,
    take,
    tidy,
    touched,
)

STROKES = (35, 36, 38, 40, 41, 43, 45, 47, 48, 50, 56, 60, 61, 62, 63, 64, 76, 77)
"""General MIDI percussion from low to high."""

MAJOR = np.array([1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1], dtype=np.float64)
FLATTENED = np.array([0, 0, -1, 0, -1, 0, 0, 0, 0, -1, 0, -1])
"""A major scale's steps towards the Phrygian one on its tonic, the mode furthest from it in use."""


def made_percussion(notes: Notes, intensity: float, rng: Generator) -> Notes:
    """Tones become strokes: the higher the tone, the higher the drum."""
    struck = chosen(len(notes), intensity, rng) & ~notes.drum
    rank = np.clip((notes.pitch.astype(np.int64) - 36) * len(STROKES) // 60, 0, len(STROKES) - 1)
    strokes = np.array(STROKES)[rank]
    return tidy(
        replace(
            notes,
            pitch=np.where(struck, strokes, notes.pitch),
            duration=np.where(struck, np.minimum(notes.duration, 0.25), notes.duration),
            drum=notes.drum | struck,
            track=np.where(struck, free_track(notes), notes.track).astype(np.int16),
        )
    )


def mode_exchanged(notes: Notes, intensity: float, rng: Generator) -> Notes:
    """In some bars the scale is another on the same tonic: what was major turns Phrygian."""
    moved = touched(notes, intensity, rng) & ~notes.drum
    degree = (notes.pitch - _tonic(notes)) % 12
    return tidy(replace(notes, pitch=notes.pitch + np.where(moved, FLATTENED[degree], 0)))


def _tonic(notes: Notes) -> int:
    """The tonic of the major scale that holds most of what sounds."""
    weights = np.bincount(
        notes.pitch[~notes.drum] % 12, weights=notes.duration[~notes.drum], minlength=12
    )
    return int(np.argmax([weights @ np.roll(MAJOR, tonic) for tonic in range(12)]))


def made_ornament(notes: Notes, intensity: float, rng: Generator) -> Notes:
    """Tones turn into shakes: fast alternation with the step above in place of the tone."""
    long_enough = (notes.duration >= 0.4) & ~notes.drum  # noqa: PLR2004 - three strokes
    shaken = long_enough.copy()
    shaken[long_enough] = chosen(int(long_enough.sum()), intensity, rng)
    stroke = 0.2 - 0.08 * share(intensity)
    interval = int(rng.choice([1, 2]))
    parts = [take(notes, ~shaken)]
    for index in np.flatnonzero(shaken):
        tone = take(notes, np.array([index]))
        count = max(2, int(notes.duration[index] / stroke))
        strokes = take(tone, np.zeros(count, dtype=np.intp))
        width = notes.duration[index] / count
        parts.append(
            replace(
                strokes,
                onset=strokes.onset + width * np.arange(count),
                duration=np.full(count, width),
                pitch=(strokes.pitch + interval * (np.arange(count) % 2)).astype(np.int16),
            )
        )
    return join(parts)
