"""Levels, blends and reading between samples: what every operation on sound is built with."""

from collections.abc import Callable
from functools import wraps

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from rebracket.segment.sound import Sound

Samples = NDArray[np.float32]
"""[channels, samples]"""

Change = Callable[[Samples, int, float, Generator], Samples]
"""Samples, their rate in Hz, an intensity over 0 and up to 1, random numbers → changed samples."""

SILENCE = 1e-7
"""A root mean square below which nothing is heard and no gain is worked out."""

_KNEE = 0.8
_PASSES = 3


def levelled(change: Change) -> Callable[[Sound, float, Generator], Sound]:
    """The operation that makes this change: nothing at 0, and never louder, softer or clipped."""

    @wraps(change)
    def apply(sound: Sound, intensity: float, rng: Generator) -> Sound:
        if intensity <= 0 or not sound.samples.size:
            return sound
        changed = change(sound.samples, sound.rate, min(intensity, 1.0), rng)
        return Sound(at_level(changed, rms(sound.samples)), sound.rate)

    return apply


def rms(samples: NDArray[np.floating]) -> float:
    """Root mean square over all channels; 0 where there are no samples."""
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if samples.size else 0.0


def at_level(samples: NDArray[np.floating], level: float) -> Samples:
    """The samples at this root mean square, peaks over 1 rounded off; silence stays silence.

    Rounding peaks off costs level, which is made up for a few times: what is left is under a
    decibel for any sound that fits at all.
    """
    result = samples.astype(np.float32)
    for _ in range(_PASSES):
        now = rms(result)
        if min(now, level) < SILENCE:
            return np.zeros_like(result)
        result = _limited(result * np.float32(level / now))
        if np.max(np.abs(result)) <= _KNEE:
            break
    return result


def _limited(samples: Samples) -> Samples:
    """Peaks over 1 rounded off by a tangent above the knee; all else as it is."""
    size = np.abs(samples)
    if np.max(size) <= 1:
        return samples
    over = np.maximum(size - _KNEE, 0) / (1 - _KNEE)
    result: Samples = np.copysign(np.minimum(size, _KNEE) + (1 - _KNEE) * np.tanh(over), samples)
    return result


def blend(samples: Samples, other: Samples, amount: NDArray[np.floating] | float) -> Samples:
    """`other` in the place of `samples` as far as `amount` (0 to 1, a number or [samples]) says."""
    return samples + np.asarray(amount, dtype=np.float32) * (other - samples)


def middle(samples: Samples) -> Samples:
    """The mean of the channels, [1, samples]."""
    mean: Samples = samples.mean(axis=0, keepdims=True)
    return mean


def two_channels(samples: Samples) -> Samples:
    """The same in two channels: a single one is doubled."""
    return samples if len(samples) > 1 else np.repeat(samples, 2, axis=0)


def read_at(samples: Samples, positions: NDArray[np.floating]) -> Samples:
    """Samples between the samples, by Catmull-Rom splines; beyond the ends the ends are held.

    `positions` [any number], in samples. Returns [channels, that number].
    """
    last = samples.shape[1] - 1
    inside = np.clip(positions, 0, last)
    whole = inside.astype(np.int64)
    t = (inside - whole).astype(np.float32)
    a, b, c, d = (np.take(samples, np.clip(whole + k, 0, last), axis=1) for k in (-1, 0, 1, 2))
    bend = t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a))
    result: Samples = b + np.float32(0.5) * t * (c - a + bend)
    return result


def moved(samples: Samples, by: int) -> Samples:
    """The samples `by` later (earlier below 0), the free end silent."""
    result = np.zeros_like(samples)
    count = samples.shape[1]
    by = int(np.clip(by, -count, count))
    result[:, max(by, 0) : count + min(by, 0)] = samples[:, max(-by, 0) : count - max(by, 0)]
    return result
