"""Audio to stream: 16-bit, so that a file of it holds the same samples."""

from functools import cache

import numpy as np
import soxr
from numpy.typing import NDArray

from rebracket.segment.sound import Sound
from rebracket.segment.wav import write_wav

Frames = NDArray[np.int16]


@cache
def music(rate: int, channels: int, seconds: float) -> Frames:
    """Plucked tones, and a little noise; each side has its own: [frames, channels]."""
    rng = np.random.default_rng(channels)
    found = np.zeros((int(44_100 * seconds), channels))
    since = np.arange(44_100)[:, None] / 44_100
    for start in np.arange(0, seconds, 0.19):
        tone = np.sin(2 * np.pi * rng.uniform(80, 4000, channels) * since) * np.exp(-7 * since)
        place = found[int(44_100 * start) :][: len(tone)]
        place += 0.2 * tone[: len(place)]
    found += 1e-3 * rng.standard_normal(found.shape)
    read = soxr.resample(found.astype(np.float32), 44_100, rate)
    frames: Frames = np.clip(np.rint(read * 2**15), -(2**15), 2**15 - 1).astype(np.int16)
    return frames


def floats(frames: Frames) -> NDArray[np.float32]:
    """As they are read."""
    return frames.astype(np.float32) / np.float32(2**15)


def wav(frames: Frames, rate: int) -> bytes:
    """A file of them."""
    return write_wav(Sound(floats(frames).T, rate))
