"""Who it is: one line as two voices, doubled, in canon with itself."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from rebracket.segment.notes import Notes
from rebracket.segment.operations.notes.tools import (
    free_track,
    join,
    melody,
    other_program,
    take,
    tidy,
    touched,
)


def hocket(notes: Notes, intensity: float, rng: Generator) -> Notes:
    """Two voices share one line, a note each in turn."""
    split = touched(notes, intensity, rng) & melody(notes)
    second = np.zeros(len(notes), dtype=np.bool_)
    second[np.flatnonzero(split)[1::2]] = True
    return tidy(
        replace(
            notes,
            program=np.where(second, other_program(notes, rng), notes.program).astype(np.int16),
            track=np.where(second, free_track(notes), notes.track).astype(np.int16),
        )
    )


def doubled(notes: Notes, intensity: float, rng: Generator) -> Notes:
    """The tune goes in parallel with itself, a third, a fifth or an octave away."""
    source = take(notes, touched(notes, intensity, rng) & melody(notes))
    interval = int(rng.choice([-12, -7, -4, 4, 7, 12]))
    return join([notes, _copy(source, notes, interval=interval, late=0.03, rng=rng)])


def canon(notes: Notes, intensity: float, rng: Generator) -> Notes:
    """The tune follows itself, as loud as it went before."""
    late = float(rng.choice([1.0, 2.0]))
    source = take(notes, touched(notes, intensity, rng) & melody(notes))
    source = take(source, source.onset + late < notes.length - 0.1)
    interval = int(rng.choice([-12, -5, 7, 12]))
    return join([notes, _copy(source, notes, interval=interval, late=late, rng=rng)])


def _copy(source: Notes, of: Notes, *, interval: int, late: float, rng: Generator) -> Notes:
    """A second self: another voice, on the same instrument or another."""
    program = other_program(of, rng) if rng.random() < 0.5 else int(of.program[0])  # noqa: PLR2004
    return replace(
        source,
        onset=source.onset + late,
        pitch=(source.pitch + interval).astype(np.int16),
        program=np.full(len(source), program, dtype=np.int16),
        track=np.full(len(source), free_track(of), dtype=np.int16),
    )
