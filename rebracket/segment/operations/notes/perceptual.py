"""Figure and ground: exchanged dynamics, notes in place of rests, a tune under noise."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from rebracket.segment.notes import Notes
from rebracket.segment.operations.notes.tools import (
    chosen,
    free_track,
    join,
    melody,
    share,
    take,
    tidy,
    touched,
)


def dynamics_exchanged(notes: Notes, intensity: float, rng: Generator) -> Notes:
    """The tune recedes and what was behind it comes forward; alone, a tune's accents and passing notes do."""
    if not intensity:
        return notes
    figure = melody(notes)
    if figure.all():
        figure = np.abs(notes.onset - np.rint(notes.onset)) < 1e-2  # noqa: PLR2004 - on the beat
    moved = touched(notes, intensity, rng)
    depth = share(intensity)
    faint, strong = 80 - 64 * depth, 80 + 42 * depth
    target = np.where(figure, faint, strong) + rng.normal(0, 3, len(notes))
    return tidy(replace(notes, velocity=np.where(moved, np.rint(target), notes.velocity)))


def rests_exchanged(notes: Notes, intensity: float, rng: Generator) -> Notes:
    """Notes shrink to ticks, and the rests that this opens sound: loud, on one tone."""
    if not intensity:
        return notes
    moved = touched(notes, intensity, rng) & (notes.duration >= 0.2)  # noqa: PLR2004 - a tick
    tick = np.minimum(0.12, notes.duration / 3)
    shrunk = tidy(
        replace(
            notes,
            duration=np.where(moved, tick, notes.duration),
            velocity=np.where(moved, notes.velocity * (1 - 0.6 * intensity), notes.velocity),
        )
    )
    holes = take(notes, moved & melody(notes))
    ground = int(np.median(notes.pitch)) + int(rng.integers(-7, 8))
    filled = replace(
        holes,
        onset=holes.onset + tick[moved & melody(notes)],
        duration=holes.duration - tick[moved & melody(notes)],
        pitch=np.full(len(holes), ground, dtype=np.int16),
        velocity=np.full(len(holes), round(80 + 40 * intensity), dtype=np.int16),
    )
    return join([shrunk, filled])


def under_noise(notes: Notes, intensity: float, rng: Generator) -> Notes:
    """Loud specks anywhere in time and pitch become the foreground, the tune sinks beneath."""
    if not intensity:
        return notes
    specks = round(2.5 * notes.length)
    onset = np.sort(rng.random(specks)) * notes.length
    pitch = rng.integers(28, 100, specks).astype(np.int16)
    keep = chosen(specks, intensity, rng)
    speck = Notes(
        onset=onset[keep],
        duration=np.full(int(keep.sum()), 0.11),
        pitch=pitch[keep],
        velocity=np.full(int(keep.sum()), round(85 + 40 * intensity), dtype=np.int16),
        program=np.full(int(keep.sum()), notes.program[0], dtype=np.int16),
        drum=np.zeros(int(keep.sum()), dtype=np.bool_),
        track=np.full(int(keep.sum()), free_track(notes), dtype=np.int16),
        length=notes.length,
    )
    sunk = replace(notes, velocity=np.rint(notes.velocity * (1 - 0.6 * intensity)).astype(np.int16))
    return join([sunk, speck])
