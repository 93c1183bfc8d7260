"""Rooms, hiss and crackle."""

import numpy as np
from numpy.random import Generator
from scipy.signal import oaconvolve

from rebracket.segment.operations.sound.mixing import Samples, at_level, rms
from rebracket.segment.operations.sound.spectrum import low_pass


def room(rate: int, channels: int, seconds: float, tone: float, rng: Generator) -> Samples:
    """A room's answer to a click: noise that falls by 60 dB in so many seconds, dull above `tone`.

    Each channel has its own noise. Moorer, "About this reverberation business" (1979).
    """
    count = max(8, round(rate * seconds))
    fall = np.exp(-6.9 * np.arange(count, dtype=np.float32) / count)
    noise = rng.standard_normal((channels, count), dtype=np.float32)
    return low_pass(noise * fall, rate, tone)


def in_room(samples: Samples, answer: Samples) -> Samples:
    """The sound as the room answers it, as loud as before, cut to the same length."""
    wet: Samples = oaconvolve(samples, answer, axes=1)[:, : samples.shape[1]]
    return at_level(wet, rms(samples))


def hiss(samples: Samples, rng: Generator) -> Samples:
    """White noise of the same shape and level as the samples."""
    noise = rng.standard_normal(samples.shape, dtype=np.float32)
    return noise * np.float32(rms(samples))


def crackle(samples: Samples, rate: int, rng: Generator, a_second: float) -> Samples:
    """Clicks of chance size and place, so many a second, that die out within milliseconds."""
    count = samples.shape[1]
    here = rng.random(count) < a_second / rate
    size = rng.standard_normal(count, dtype=np.float32) ** 3
    click = np.exp(-np.arange(max(2, rate // 500)) / max(1.0, rate / 3000)).astype(np.float32)
    clicks: Samples = oaconvolve(here * size, click)[:count].astype(np.float32)
    return np.broadcast_to(clicks * np.float32(2 * rms(samples)), samples.shape)
