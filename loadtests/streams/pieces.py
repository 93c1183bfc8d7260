"""Something to play: each stream has a piece of its own, made once, that it repeats."""

from functools import cache

import numpy as np

SECONDS = 8
BEATS = 16
SCALE = np.array([0, 2, 4, 7, 9])
VOICES = 3
NOISE = 0.02


@cache
def piece(number: int, rate: int, frame: int) -> list[bytes]:
    """Three voices that change their notes on every beat, with noise: mono `pcm_s16le` in frames."""
    rng = np.random.default_rng(number)
    length = SECONDS * rate // frame * frame
    beat = np.arange(length) * BEATS // length
    degrees = rng.integers(0, len(SCALE), (BEATS, VOICES)) + rng.integers(0, 3) * len(SCALE)
    pitch = 45 + rng.integers(0, 12) + 12 * (degrees // len(SCALE)) + SCALE[degrees % len(SCALE)]
    hertz = 440 * 2 ** ((pitch - 69) / 12)
    phase = np.cumsum(hertz[beat] / rate, axis=0) * 2 * np.pi
    voices = np.sin(phase).sum(axis=1) * 0.2 + rng.normal(0, NOISE, length)
    data = (np.clip(voices, -1, 1) * 32767).astype("<i2").tobytes()
    width = 2 * frame
    return [data[start : start + width] for start in range(0, len(data), width)]
