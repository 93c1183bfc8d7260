"""Which key notes are in; keys have the numbers of `rebracket.notation`."""

import numpy as np
from numpy.typing import NDArray

from rebracket.segment.notes import Notes

SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10))
"""Semitones over the tonic of the major and of the natural minor scale."""

_PROFILES = np.array(
    [
        [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88],
        [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17],
    ]
)
"""How well each tone fits a key, from the tonic upwards (Krumhansl & Kessler 1982)."""


def find_key(notes: Notes) -> int | None:
    """The key whose profile the tones' durations fit best; None without pitched notes.

    The algorithm of Krumhansl (1990): correlation of how long each pitch class sounds with the 24
    rotated profiles.
    """
    pitched = ~notes.drum
    lasting = np.bincount(notes.pitch[pitched] % 12, weights=notes.duration[pitched], minlength=12)
    spread = lasting.std()
    if spread == 0:
        return None
    return int((_rotated() @ (lasting - lasting.mean())).argmax())


def _rotated() -> NDArray[np.float64]:
    """Each key's profile at mean 0 and spread 1 [24, 12]."""
    standard = (_PROFILES - _PROFILES.mean(axis=1, keepdims=True)) / _PROFILES.std(
        axis=1, keepdims=True
    )
    return np.stack([np.roll(profile, tonic) for profile in standard for tonic in range(12)])


def scale_share(notes: Notes) -> float:
    """The share of pitched notes that the best-fitting major or minor scale has, 0 to 1."""
    tones = np.bincount(notes.pitch[~notes.drum] % 12, minlength=12)
    fitting = [
        sum(tones[(tonic + step) % 12] for step in scale) for scale in SCALES for tonic in range(12)
    ]
    return float(max(fitting) / max(tones.sum(), 1))
