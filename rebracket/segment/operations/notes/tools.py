"""What operations on notes have in common: choosing spans and notes, putting them together again."""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from rebracket.segment.bars import SAME
from rebracket.segment.notes import COLUMNS, Notes

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]

SHORTEST = 1 / 64
"""Quarter notes; what an operation leaves shorter is dropped."""

TOP = 127
"""The highest pitch."""

FEWEST_SPANS = 4
LONGEST_SPAN = 4.0
BEND = 0.75
"""An intensity's share of what is touched is intensity ** BEND: a hint must be heard too."""

VOICES = (0, 6, 9, 11, 16, 21, 24, 32, 40, 46, 48, 56, 60, 65, 68, 71, 73, 75, 79, 104)
"""General MIDI programs, each of another family or colour, that a new voice takes."""


def share(intensity: float) -> float:
    """How much of the material an intensity touches, 0 to 1."""
    return float(intensity**BEND)


def chosen(count: int, intensity: float, rng: Generator) -> Mask:
    """Which of so many things are touched [count]: one at least, and more come with more intensity."""
    ranks = rng.permutation(count)
    return np.asarray(ranks < ceil(share(intensity) * count))


def edges(notes: Notes) -> Floats:
    """Where spans begin and end [spans + 1], in quarter notes: bars, or parts of them where bars are few.

    The last edge is the piece's end.
    """
    starts: list[float] = []
    bounds = [*(start for start, _, _ in notes.meters), notes.length]
    for (start, numerator, denominator), end in zip(notes.meters, bounds[1:], strict=True):
        bar = numerator * 4 / denominator
        while bar > LONGEST_SPAN:
            bar /= 2
        starts += list(np.arange(start, min(end, notes.length), bar))
    found = np.array(starts)
    while len(found) < FEWEST_SPANS:
        found = np.sort(np.concatenate([found, (found + np.append(found[1:], notes.length)) / 2]))
    return np.append(found, notes.length)


def span_of(notes: Notes, bounds: Floats) -> NDArray[np.intp]:
    """In which span each note begins [notes]."""
    found = np.searchsorted(bounds, notes.onset + SAME, side="right") - 1
    return np.clip(found, 0, len(bounds) - 2)


def touched(notes: Notes, intensity: float, rng: Generator) -> Mask:
    """Which notes begin in spans that an intensity touches [notes]."""
    bounds = edges(notes)
    return np.asarray(chosen(len(bounds) - 1, intensity, rng)[span_of(notes, bounds)])


def melody(notes: Notes) -> Mask:
    """Which notes are the tune [notes]: the highest voice's, or the highest of each onset in one voice."""
    pitched = ~notes.drum if (~notes.drum).any() else notes.drum
    voices = np.unique(notes.track[pitched])
    if len(voices) > 1:
        heights = [notes.pitch[pitched & (notes.track == voice)].mean() for voice in voices]
        return np.asarray(pitched & (notes.track == voices[int(np.argmax(heights))]))
    tones = np.flatnonzero(pitched)
    last = np.append(np.diff(notes.onset[tones]) > SAME, True)  # of its onset, and so the highest
    tune = np.zeros(len(notes), dtype=np.bool_)
    tune[tones[last]] = True
    return tune


def take(notes: Notes, mask: Mask | NDArray[np.intp]) -> Notes:
    """Some of the notes."""
    return replace(notes, **{name: getattr(notes, name)[mask] for name in COLUMNS})


def join(parts: Sequence[Notes]) -> Notes:
    """All notes of several, within the length of the first."""
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS
    }
    return tidy(replace(parts[0], **columns))


def line(
    like: Notes,
    onset: Floats,
    duration: Floats | float,
    pitch: NDArray[np.signedinteger] | Floats,
    *,
    velocity: int,
    program: int,
    track: int,
) -> Notes:
    """New notes of one voice, as loud as each other, in a piece like another."""
    count = len(onset)
    return replace(
        like,
        onset=onset,
        duration=np.broadcast_to(duration, count).astype(np.float64),
        pitch=pitch.astype(np.int16),
        velocity=np.full(count, velocity, dtype=np.int16),
        program=np.full(count, program, dtype=np.int16),
        drum=np.zeros(count, dtype=np.bool_),
        track=np.full(count, track, dtype=np.int16),
    )


def tidy(notes: Notes) -> Notes:
    """Valid notes in order: within the piece, in range, none stuck.

    Pitches beyond the range come back by octaves; what is left too short goes, but never all notes.
    """
    onset = np.clip(notes.onset, 0.0, max(notes.length - SHORTEST, 0.0))
    duration = np.minimum(notes.duration, notes.length - onset)
    pitch = notes.pitch.astype(np.int64)
    pitch = np.where(pitch > TOP, TOP - (TOP - pitch) % 12, pitch)
    pitch = np.where(pitch < 0, pitch % 12, pitch)
    keep = duration >= SHORTEST - 1e-9
    if not keep.any():
        keep[:] = True
        duration = np.maximum(duration, SHORTEST)
    clean = replace(
        notes,
        onset=onset,
        duration=duration,
        pitch=pitch.astype(np.int16),
        velocity=np.clip(np.rint(notes.velocity), 1, 127).astype(np.int16),
    )
    order = np.lexsort((pitch, onset))
    return take(clean, order[keep[order]])


def voiced(notes: Notes, *, program: int, track: int) -> Notes:
    """The notes on one instrument, in one voice."""
    return replace(
        notes,
        program=np.full(len(notes), program, dtype=np.int16),
        track=np.full(len(notes), track, dtype=np.int16),
        drum=np.zeros(len(notes), dtype=np.bool_),
    )


def louder(notes: Notes, factor: float | Floats) -> Notes:
    """The notes at so many times their velocity, within range."""
    velocity = np.clip(np.rint(notes.velocity * factor), 1, 127).astype(np.int16)
    return replace(notes, velocity=velocity)


def free_track(notes: Notes) -> int:
    """A voice's number that nobody has."""
    return int(notes.track.max(initial=-1)) + 1


def other_program(notes: Notes, rng: Generator) -> int:
    """An instrument that does not play."""
    there = set(notes.program[~notes.drum].tolist())
    free = [program for program in VOICES if program not in there]
    return int(rng.choice(free or VOICES))
