"""What the gallery rebrackets: a short tune of four voices, or the beginning of what it is given."""

from dataclasses import replace

import numpy as np

from rebracket.errors import RebracketError
from rebracket.segment.clock import quarters_at
from rebracket.segment.notes import Notes
from rebracket.segment.operations.notes.tools import take, tidy
from rebracket.segment.sound import Sound

LONGEST_S = 24.0
"""Seconds of given material that are used: each is written and shown fifty times."""

TEMPO = 96.0
"""Beats a minute of the tune."""

Line = tuple[tuple[int, float], ...]
"""(pitch, quarter notes), one after the other."""

MELODY: Line = (
    *((76, 1), (79, 1), (77, 0.5), (76, 0.5), (74, 1)),
    *((72, 1.5), (74, 0.5), (76, 2)),
    *((77, 1), (81, 1), (79, 0.5), (77, 0.5), (76, 1)),
    *((74, 4),),
    *((76, 1), (79, 1), (84, 1), (83, 0.5), (81, 0.5)),
    *((81, 1.5), (79, 0.5), (77, 2)),
    *((79, 1), (77, 0.5), (74, 0.5), (71, 1), (74, 1)),
    *((72, 4),),
)
ALTO: Line = (
    *((67, 2), (67, 2), (64, 2), (69, 2), (69, 2), (72, 2), (67, 2), (65, 2)),
    *((67, 2), (72, 2), (72, 2), (69, 2), (67, 2), (65, 2), (64, 4)),
)
TENOR: Line = tuple(
    (pitch, 1.0)
    for bar in (
        *((55, 60, 64, 60), (57, 60, 64, 60), (57, 60, 65, 60), (55, 59, 62, 59)),
        *((55, 60, 64, 60), (57, 60, 65, 60), (55, 59, 62, 59), (55, 60, 64, 60)),
    )
    for pitch in bar
)
BASS: Line = (
    *((48, 2), (43, 2), (45, 2), (40, 2), (41, 2), (45, 2), (43, 2), (47, 2)),
    *((48, 2), (43, 2), (41, 2), (45, 2), (43, 2), (43, 2), (36, 4)),
)
VOICES: tuple[tuple[Line, int, int], ...] = (
    (MELODY, 73, 92),
    (ALTO, 71, 66),
    (TENOR, 24, 62),
    (BASS, 32, 76),
)
"""Line, General MIDI program and velocity: flute, clarinet, guitar and bass."""

HELD = 0.95
"""The share of its time that a tone sounds."""


def tune() -> Notes:
    """Eight bars of four voices in C major, written for the gallery."""
    rows = [row for track, voice in enumerate(VOICES) for row in _rows(track, *voice)]
    rows.sort(key=lambda row: (row[0], row[2]))
    onset, duration, pitch, velocity, program, track = (
        np.array(column) for column in zip(*rows, strict=True)
    )
    return Notes(
        onset=onset.astype(np.float64),
        duration=duration.astype(np.float64),
        pitch=pitch.astype(np.int16),
        velocity=velocity.astype(np.int16),
        program=program.astype(np.int16),
        drum=np.zeros(len(rows), dtype=np.bool_),
        track=track.astype(np.int16),
        length=32.0,
        tempos=((0.0, TEMPO),),
    )


def _rows(
    track: int, line: Line, program: int, velocity: int
) -> list[tuple[float, float, int, int, int, int]]:
    """A voice's onsets, durations, pitches, velocities, programs and tracks."""
    starts = np.cumsum([0.0, *(last for _, last in line)])
    return [
        (float(start), last * HELD, pitch, velocity, program, track)
        for start, (pitch, last) in zip(starts[:-1], line, strict=True)
    ]


def beginning_of_notes(notes: Notes) -> Notes:
    """The first `LONGEST_S` seconds of a piece.

    Raises:
        RebracketError: no note begins in them.
    """
    end = min(notes.length, quarters_at(notes, LONGEST_S))
    inside = notes.onset < end
    if not inside.any():
        raise RebracketError(f"no note begins in the first {LONGEST_S:.0f} seconds")
    return tidy(replace(take(notes, inside), length=end))


def beginning_of_sound(sound: Sound) -> Sound:
    """The first `LONGEST_S` seconds of a sound."""
    return Sound(sound.samples[:, : round(LONGEST_S * sound.rate)], sound.rate)
