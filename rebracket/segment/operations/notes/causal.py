"""What brings about what: the answer before its call, the resolution before its dissonance, triggers."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from rebracket.segment.notes import Notes
from rebracket.segment.operations.notes.tools import (
    chosen,
    edges,
    free_track,
    join,
    louder,
    melody,
    share,
    span_of,
    take,
    touched,
)


def answer_first(notes: Notes, intensity: float, rng: Generator) -> Notes:
    """The echo comes before what it echoes: a faint copy of the tune, ahead of it."""
    ahead = float(rng.choice([0.5, 1.0, 1.5]))
    echoed = take(notes, touched(notes, intensity, rng) & melody(notes) & (notes.onset >= ahead))
    faint = replace(
        louder(echoed, 0.3 + 0.25 * intensity),
        onset=echoed.onset - ahead,
        track=np.full(len(echoed), free_track(notes), dtype=np.int16),
    )
    return join([notes, faint])


def resolution_first(notes: Notes, intensity: float, rng: Generator) -> Notes:
    """A bar's last sonority sounds at its beginning; what led to it leans away, a semitone off, after it."""
    bounds = edges(notes)
    spans = span_of(notes, bounds)
    moved = chosen(len(bounds) - 1, intensity, rng)
    parts = [take(notes, ~moved[spans] | notes.drum)]
    for span in np.flatnonzero(moved):
        bar = take(notes, (spans == span) & ~notes.drum)
        if len(bar):
            parts += _resolved_first(bar, float(bounds[span]), float(bounds[span + 1]))
    return join(parts)


def _resolved_first(bar: Notes, start: float, end: float) -> list[Notes]:
    half = (end - start) / 2
    last = bar.onset >= bar.onset[-1] - 1e-6
    final = take(bar, last)
    resolution = replace(
        louder(final, 1.15),
        onset=np.full(len(final), start),
        duration=np.full(len(final), half * 0.95),
    )
    rest = take(bar, ~last) if (~last).any() else final
    leaning = replace(
        louder(rest, 0.85),
        onset=start + half + (rest.onset - start) / 2,
        duration=rest.duration / 2,
        pitch=(rest.pitch + 1).astype(np.int16),
    )
    return [resolution, leaning]


def triggered(notes: Notes, intensity: float, rng: Generator) -> Notes:
    """Each tone of the tune is set off by a short low stroke, and so comes after its time."""
    tune = melody(notes)
    set_off = tune.copy()
    set_off[tune] = chosen(int(tune.sum()), intensity, rng)
    late = np.minimum(0.125 + 0.125 * share(intensity), notes.duration / 2)
    sound = take(notes, set_off)
    strokes = replace(
        louder(sound, 1.2),
        duration=np.full(len(sound), 0.1),
        pitch=(sound.pitch - rng.choice([19, 24, 31])).astype(np.int16),
        track=np.full(len(sound), free_track(notes), dtype=np.int16),
    )
    after = replace(
        sound, onset=sound.onset + late[set_off], duration=sound.duration - late[set_off]
    )
    return join([take(notes, ~set_off), after, strokes])
