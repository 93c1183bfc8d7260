"""Recall and forgetting: earlier bars that return with gaps, notes that fade, blur and go wrong."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from rebracket.segment.notes import Notes
from rebracket.segment.operations.notes.tools import (
    chosen,
    edges,
    join,
    louder,
    share,
    span_of,
    take,
    tidy,
)


def returns(notes: Notes, intensity: float, rng: Generator) -> Notes:
    """Later bars give way to an earlier one that comes back and back, each time fainter and with more gaps."""
    bounds = edges(notes)
    spans = span_of(notes, bounds)
    early = np.unique(spans)[: max(1, (len(bounds) - 1) // 4)]  # of those that hold notes
    source = int(rng.choice(early))
    later = np.arange(len(bounds) - 1) > source
    moved = np.zeros(len(bounds) - 1, dtype=np.bool_)
    moved[later] = chosen(int(later.sum()), intensity, rng)
    parts = [take(notes, ~moved[spans])]
    recalled = take(notes, spans == source)
    luck = rng.random((len(bounds) - 1, len(recalled)))
    for times, span in enumerate(np.flatnonzero(moved), start=1):
        lost = min(0.75, 0.15 + 0.09 * times)
        width = bounds[span + 1] - bounds[span]
        kept = take(recalled, (luck[span] > lost) & (recalled.onset - bounds[source] < width))
        faded = louder(kept, max(0.25, 0.85 - 0.07 * times))
        parts.append(replace(faded, onset=faded.onset - bounds[source] + bounds[span]))
    return join(parts)


def forgotten(notes: Notes, intensity: float, rng: Generator) -> Notes:
    """Notes drop out and those that stay fade, more and more towards the end."""
    progress = notes.onset / notes.length
    lost = rng.random(len(notes)) < share(intensity) * 0.85 * progress
    lost[0] = False
    faded = louder(notes, 1 - 0.85 * share(intensity) * progress)
    return tidy(take(faded, ~lost))


def blurred(notes: Notes, intensity: float, rng: Generator) -> Notes:
    """Notes come early or late, run into one another, sink, and some are wrong by a step."""
    unsure = chosen(len(notes), intensity, rng)
    drift = rng.normal(0, 1, len(notes)) * 0.18 * share(intensity)
    wrong = unsure & (rng.random(len(notes)) < 0.35) & ~notes.drum  # noqa: PLR2004 - a third
    step = rng.choice([-2, -1, 1, 2], size=len(notes))
    longer = 1 + 1.5 * share(intensity) * rng.random(len(notes))
    return tidy(
        replace(
            louder(notes, np.where(unsure, 1 - 0.4 * share(intensity), 1.0)),
            onset=notes.onset + np.where(unsure, drift, 0.0),
            duration=notes.duration * np.where(unsure, longer, 1.0),
            pitch=notes.pitch + np.where(wrong, step, 0),
        )
    )
