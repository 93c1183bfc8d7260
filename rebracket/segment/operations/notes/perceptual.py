"""Figure and ground: exchanged dynamics, notes in place of rests, a tune under noise."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from rebracket.segment.notes import Notes
from rebracket.segment.operations.notes.tools import (
    chosen,
    free_track,
    join,
    line,
    melody,
    share,
    take,
    tidy,
    touched,
)


def dynamics_exchanged(notes: Notes, intensity: float, rng: Generator) -> Notes:
    """The tune recedes and what was behind it comes forward; alone, a tune's accents and passing notes do."""
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
    specks = round(2.5 * notes.length)
    onset = np.sort(rng.random(specks)) * notes.length
    pitch = rng.integers(28, 100, specks).astype(np.int16)
    keep = chosen(specks, intensity, rng)
    speck = line(
        notes,
        onset[keep],
        0.11,
        pitch[keep],
        velocity=round(85 + 40 * intensity),
        program=int(notes.program[0]),
        track=free_track(notes),
    )
    sunk = replace(notes, velocity=np.rint(notes.velocity * (1 - 0.6 * intensity)).astype(np.int16))
    return join([sunk, speck])
