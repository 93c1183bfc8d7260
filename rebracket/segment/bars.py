"""Bars of a piece."""

from dataclasses import replace
from math import ceil
from typing import TypeVar

import numpy as np

from rebracket.segment.notes import COLUMNS, Notes

Change = TypeVar("Change", tuple[float, float], tuple[float, int, int])

SAME = 1e-6
"""Quarter notes between which two moments are one."""


def cut(notes: Notes, start: float, end: float) -> Notes:
    """What begins from one quarter note on and before another, with the tempos and meters that hold there.

    Notes that last longer end at the end.
    """
    inside = (notes.onset >= start - SAME) & (notes.onset < end - SAME)
    part = replace(notes, **{name: getattr(notes, name)[inside] for name in COLUMNS})
    onset = np.maximum(part.onset - start, 0.0)
    return replace(
        part,
        onset=onset,
        duration=np.minimum(part.duration, end - start - onset),
        length=end - start,
        tempos=tuple((max(at - start, 0.0), bpm) for at, bpm in _holding(notes.tempos, start, end)),
        meters=tuple(
            (max(at - start, 0.0), a, b) for at, a, b in _holding(notes.meters, start, end)
        ),
    )


def _holding(changes: tuple[Change, ...], start: float, end: float) -> list[Change]:
    """The last change before a moment, and those between it and another."""
    first = max(i for i, change in enumerate(changes) if i == 0 or change[0] <= start + SAME)
    return [change for change in changes[first:] if change[0] < max(end, start + SAME) - SAME]


def until_silence(notes: Notes) -> Notes:
    """The piece without the silence after its last note: what many programs fill a file up with."""
    end = min(notes.length, float((notes.onset + notes.duration).max(initial=0.0)))
    return cut(notes, 0.0, end)


def last_bars(notes: Notes, most: int) -> tuple[Notes, int]:
    """The piece's last whole bars of its last meter, and how many these are; one at least.

    A last bar that is not full is filled with silence.
    """
    start, over, under = notes.meters[-1]
    bar = over * 4 / under
    count = max(1, ceil((notes.length - start) / bar - SAME))
    kept = min(count, most)
    return cut(notes, start + (count - kept) * bar, start + count * bar), kept
