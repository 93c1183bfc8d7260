"""When things are: bars moved against the beat, reversed, stretched and compressed."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from rebracket.segment.notes import Notes
from rebracket.segment.operations.notes.tools import chosen, edges, span_of, tidy


def bars_shifted(notes: Notes, intensity: float, rng: Generator) -> Notes:
    """Some bars begin between the beats: an odd part of a beat late, the notes as they were."""
    bounds = edges(notes)
    spans = span_of(notes, bounds)
    late = rng.choice([3 / 8, 5 / 8, 0.4, 0.6], size=len(bounds) - 1)
    moved = chosen(len(bounds) - 1, intensity, rng)
    onset = notes.onset + np.where(moved, late, 0.0)[spans]
    return tidy(replace(notes, onset=onset))


def bars_reversed(notes: Notes, intensity: float, rng: Generator) -> Notes:
    """Some bars run backwards: notes begin where they ended."""
    bounds = edges(notes)
    spans = span_of(notes, bounds)
    moved = chosen(len(bounds) - 1, intensity, rng)[spans]
    end = np.minimum(notes.onset + notes.duration, bounds[spans + 1])
    back = bounds[spans] + bounds[spans + 1] - end
    return tidy(
        replace(
            notes,
            onset=np.where(moved, back, notes.onset),
            duration=np.where(moved, end - notes.onset, notes.duration),
        )
    )


def bars_stretched(notes: Notes, intensity: float, rng: Generator) -> Notes:
    """Bars take some of their neighbours' time: one is drawn out, the next hurries."""
    bounds = edges(notes)
    moved = chosen((len(bounds) - 1) // 2, intensity, rng)
    ratio = rng.choice([0.3, 0.38, 0.62, 0.7], size=len(moved))
    warped = bounds.copy()
    for pair in np.flatnonzero(moved):
        start, end = bounds[2 * pair], bounds[2 * pair + 2]
        warped[2 * pair + 1] = start + ratio[pair] * (end - start)
    begin = np.interp(notes.onset, bounds, warped)
    end = np.interp(notes.onset + notes.duration, bounds, warped)
    return tidy(replace(notes, onset=begin, duration=end - begin))
