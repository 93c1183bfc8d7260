"""Small tunes to rebracket, made from chance."""

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import uniform_filter1d

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


def tone(hertz: float, seconds: float = 2.0, *, channels: int = 1, rate: int = 16_000) -> Sound:
    """A steady tone of three partials."""
    turns = hertz * np.arange(round(seconds * rate)) / rate
    waves = [np.sin(2 * np.pi * partial * turns) / partial for partial in (1, 2, 3)]
    samples = np.asarray(0.3 * np.sum(waves, axis=0), dtype=np.float32)
    return Sound(np.repeat(samples[None], channels, axis=0), rate)


def strokes(times: Sequence[float], seconds: float, *, decay: float = 30.0) -> Sound:
    """Noise bursts at these seconds that fall by e `decay` times a second, in one channel."""
    time = np.arange(round(seconds * 16_000)) / 16_000
    loud = sum(np.exp(-decay * np.maximum(time - t, 0)) * (time >= t) for t in times)
    noise = np.random.default_rng(0).standard_normal((1, len(time)))
    return Sound(np.asarray(0.1 * noise * loud, dtype=np.float32), 16_000)


def rises(sound: Sound) -> float:
    """The share of the time, of what is heard, in which the sound grows louder."""
    power = np.square(sound.samples).mean(axis=0)
    level = np.log(uniform_filter1d(power, 640)[::320] + 1e-12)
    heard = level[1:] > level.max() - 9
    return float((np.diff(level)[heard] > 0).mean())


def loudness(sound: Sound, start: float, end: float) -> float:
    """Root mean square between two times in seconds."""
    part = sound.samples[:, round(start * sound.rate) : round(end * sound.rate)]
    return float(np.sqrt(np.square(part, dtype=np.float64).mean()))


def band(sound: Sound, low: float, high: float) -> float:
    """How loud the frequencies between two are, over the whole sound, in any unit."""
    power = np.square(np.abs(np.fft.rfft(sound.samples * np.hanning(sound.samples.shape[1]))))
    hertz = np.fft.rfftfreq(sound.samples.shape[1], 1 / sound.rate)
    return float(np.sqrt(power[:, (hertz >= low) & (hertz < high)].sum()))
