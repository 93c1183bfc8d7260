"""Small tunes to rebracket, made from chance."""

import numpy as np

from rebracket.segment.sound import Sound


def tune(seconds: float, *, channels: int = 2, rate: int = 16_000, seed: int = 0) -> Sound:
    """Decaying harmonic notes, each at its place between left and right, over a little noise."""
    rng = np.random.default_rng(seed)
    count = round(seconds * rate)
    time = np.arange(count) / rate
    samples = 0.003 * rng.standard_normal((channels, count))
    brightness, decay, beat = rng.uniform(0.8, 2), rng.uniform(2, 8), rng.uniform(0.12, 0.4)
    for start in np.arange(0, seconds, beat):
        since = np.maximum(time - start, 0)
        hertz = 220 * 2 ** (rng.integers(-12, 17) / 12)
        partials = np.arange(1, 9)[:, None]
        waves = np.sin(2 * np.pi * hertz * partials * since) / partials**brightness
        note = (waves * (hertz * partials < rate / 2)).sum(axis=0) * np.exp(-decay * since)
        place = rng.uniform(0.2, 0.8) if channels == 2 else 0.5
        gains = np.array([1 - place, place])[:channels, None]
        samples += gains * note * (time >= start)
    return Sound((0.4 * samples / np.abs(samples).max()).astype(np.float32), rate)
