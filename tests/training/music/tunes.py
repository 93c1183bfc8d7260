"""A short piece for tests."""

import numpy as np

from rebracket.segment.notes import Notes


def chorale(bars: int = 8) -> Notes:
    """Four voices in quarter notes, 4/4."""
    beats = 4 * bars
    onset = np.repeat(np.arange(beats, dtype=np.float64), 4)
    steps = np.array([0, 2, 4, 5, 7, 5, 4, 2])[np.arange(beats) % 8]
    pitch = (np.array([48, 55, 64, 72])[None, :] + steps[:, None]).ravel()
    count = len(onset)
    return Notes(
        onset=onset,
        duration=np.ones(count),
        pitch=pitch.astype(np.int16),
        velocity=np.full(count, 80, dtype=np.int16),
        program=np.zeros(count, dtype=np.int16),
        drum=np.zeros(count, dtype=np.bool_),
        track=np.tile(np.arange(4, dtype=np.int16), beats),
        length=float(beats),
    )
