"""Notes → tokens."""

import numpy as np
from numpy.typing import NDArray

from rebracket.segment.notes import Notes
from rebracket.segment.tokens.staff import Staff
from rebracket.segment.tokens.vocabulary import (
    BAR,
    DRUM_VOICE,
    DURATION,
    DURATIONS,
    END,
    PITCH,
    POSITION,
    PROGRAM,
    TICKS,
    VELOCITY,
    VELOCITY_STEP,
    VOICE,
    ticks_in_bar,
)


def encode(notes: Notes, bars: int, bar_ticks: int, *, end: bool = True) -> tuple[list[int], Staff]:
    """The tokens of the first `bars` bars, and the staff that they are written on.

    Times go to the nearest tick, durations to the nearest of `DURATIONS`, velocities to steps. Tracks
    become voices in their order; where there are more than the grammar has, the last ones share one.
    Notes that fall together on one pitch of a voice are one. Without `end` the last bar can go on.
    """
    staff = Staff(bars, bar_ticks)
    tokens: list[int] = []

    def write(token: int) -> None:
        if staff.is_news(token):
            staff.take(token)
            tokens.append(token)

    rows = iter(_rows(notes, bars, bar_ticks))
    row = next(rows, None)
    for bar in range(bars):
        write(BAR)
        voice = -1
        while row is not None and row[0] == bar:
            _, now, onset, pitch, duration, velocity, program = row
            if now != voice:
                voice = now
                write(VOICE + voice)
                write(PROGRAM + program)
            for token in (POSITION + onset, VELOCITY + velocity, DURATION + duration):
                write(token)
            write(PITCH + pitch)
            row = next(rows, None)
    if end:
        write(END)
    return tokens, staff


def encode_all(notes: Notes) -> tuple[list[int], Staff]:
    """The same of all bars of a piece of one meter."""
    _, over, under = notes.meters[0]
    bar = ticks_in_bar(over, under)
    return encode(notes, round(notes.length * TICKS / bar), bar)


def _rows(notes: Notes, bars: int, bar_ticks: int) -> list[tuple[int, ...]]:
    """Bar, voice, tick in the bar, pitch, duration's index, velocity's index, program; in order."""
    onset = np.rint(notes.onset * TICKS).astype(np.int64)
    inside = onset < bars * bar_ticks
    left = bars * bar_ticks - onset
    wanted = np.minimum(np.maximum(np.rint(notes.duration * TICKS), 1), left)
    duration = np.abs(DURATIONS - wanted[:, None]).argmin(axis=1)
    duration -= DURATIONS[duration] > left
    columns = (
        onset // bar_ticks,
        _voices(notes),
        onset % bar_ticks,
        notes.pitch,
        duration,
        notes.velocity // VELOCITY_STEP,
        notes.program,
    )
    found = sorted(zip(*(column[inside].tolist() for column in columns), strict=True))
    return list({row[:4]: row for row in reversed(found)}.values())[::-1]


def _voices(notes: Notes) -> NDArray[np.int64]:
    """Each note's voice [notes]."""
    voice = np.full(len(notes), DRUM_VOICE, dtype=np.int64)
    pitched = ~notes.drum
    _, which = np.unique(notes.track[pitched], return_inverse=True)
    voice[pitched] = np.minimum(which, DRUM_VOICE - 1)
    return voice
