"""Whether bars are copied: four in a row that another piece has too."""

from collections.abc import Iterable, Iterator

import numpy as np

from rebracket.segment.notes import Notes

BARS = 4
STEPS = 24
"""To the nearest part of a quarter note."""

FEWEST_NOTES = 4
"""Of four bars; what holds fewer is no copy of anything."""


def passages(notes: Notes) -> Iterator[int]:
    """A hash of each `BARS` bars in a row: onsets, and intervals from the first note on.

    Transposition, instruments, dynamics and durations make no difference; one other onset or pitch does.
    """
    start, over, under = notes.meters[0]
    bar = over * 4 / under
    order = np.lexsort((notes.pitch, notes.onset))
    onset = np.rint((notes.onset[order] - start) * STEPS).astype(np.int64)
    pitch = notes.pitch[order].astype(np.int64)
    ticks = round(bar * STEPS)
    for first in range(max(1, int((notes.length - start) / bar) - BARS + 1)):
        low, high = np.searchsorted(onset, (first * ticks, (first + BARS) * ticks))
        if high - low >= FEWEST_NOTES:
            steps = onset[low:high] - first * ticks
            yield hash((ticks, steps.tobytes(), (pitch[low:high] - pitch[low]).tobytes()))


def all_passages(pieces: Iterable[Notes]) -> set[int]:
    """Of many pieces."""
    return {found for piece in pieces for found in passages(piece)}


def copied_share(pieces: Iterable[Notes], known: set[int]) -> float:
    """Of the pieces' passages, those that are known."""
    found = [passage in known for piece in pieces for passage in passages(piece)]
    return sum(found) / max(len(found), 1)
