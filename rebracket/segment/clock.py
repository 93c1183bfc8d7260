"""Quarter notes ↔ seconds, as a piece's tempos have them."""

import numpy as np
from numpy.typing import NDArray

from rebracket.segment.notes import Notes

Floats = NDArray[np.float64]


def seconds_at(notes: Notes, quarters: Floats) -> Floats:
    """The seconds from the beginning at which these quarter notes are [any shape]."""
    starts, paces, begun = _map(notes)
    which = np.searchsorted(starts, quarters, side="right") - 1
    found: Floats = begun[which] + (quarters - starts[which]) * paces[which]
    return found


def quarters_at(notes: Notes, seconds: float) -> float:
    """The quarter note at which so many seconds have gone."""
    starts, paces, begun = _map(notes)
    which = int(np.searchsorted(begun, seconds, side="right")) - 1
    return float(starts[which] + (seconds - begun[which]) / paces[which])


def _map(notes: Notes) -> tuple[Floats, Floats, Floats]:
    """Where each tempo begins, in quarter notes; seconds a quarter note; where it begins, in seconds."""
    starts, tempos = np.array(notes.tempos, dtype=np.float64).T
    paces = 60 / tempos
    begun = np.concatenate([[0.0], np.cumsum(np.diff(starts) * paces[:-1])])
    return starts, paces, begun
