"""Time and pitch taken apart: replaying at another pace, shifting, detuning, tracking."""

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.ndimage import median_filter

from rebracket.segment.operations.sound.mixing import Samples, read_at
from rebracket.segment.operations.sound.spectrum import (
    OVERLAP,
    Spectra,
    centres,
    frame_size,
    sound_of,
    spectra_of,
    unit,
)

_GRAIN_S = 0.09
_LOWEST_HZ = 80.0
_HIGHEST_HZ = 600.0


def replayed(spectra: Spectra, sources: NDArray[np.float64], count: int) -> Samples:
    """The sound at another pace and the same pitch: a phase vocoder.

    `sources` [frames of the result] says which frame of `spectra` each frame comes from, fractions
    allowed. The hop is the same on both sides, so phases advance as they did there (Dolson, "The
    phase vocoder: a tutorial", 1986). `count` is the result's length in samples.
    """
    last = spectra.shape[1] - 2
    at = np.clip(sources, 0, last)
    whole = at.astype(np.int64)
    part = (at - whole).astype(np.float32)[:, None]
    size, angle = np.abs(spectra), np.angle(spectra)
    loudness = size[:, whole] * (1 - part) + size[:, whole + 1] * part
    advance = np.diff(angle, axis=1)[:, whole]
    phase = np.cumsum(advance, axis=1, dtype=np.float64) - advance + angle[:, whole[:1]]
    phase -= 2 * np.pi * np.rint(phase / (2 * np.pi))
    return sound_of(loudness * unit(phase.astype(np.float32)), count)


def shifted(samples: Samples, rate: int, ratios: tuple[float, ...]) -> list[Samples]:
    """The sound at so many times its pitch, at the same pace, once for each ratio."""
    count = samples.shape[1]
    size = frame_size(rate, 0.064)
    spectra = spectra_of(samples, size)
    copies = []
    for ratio in ratios:
        length = int(np.ceil(count * ratio)) + 2
        frames = -(-length // (size // OVERLAP)) + OVERLAP + 1
        sources = (centres(frames, size) / ratio + size / 2) / (size // OVERLAP)
        longer = replayed(spectra, sources, length)
        copies.append(read_at(longer, np.arange(count) * ratio))
    return copies


def detuned(samples: Samples, rate: int, cents: float) -> Samples:
    """The sound a few cents higher or lower: two read heads that take turns, as on a tape drum."""
    grain = max(2.0, _GRAIN_S * rate)
    place = np.arange(samples.shape[1])
    slip = place * (2 ** (cents / 1200) - 1)
    result = np.zeros_like(samples)
    for head in (0.0, 0.5):
        turn = slip / grain + head
        away = turn - np.floor(turn)
        gain = (np.sin(np.pi * away) ** 2).astype(np.float32)
        result += gain * read_at(samples, place + (away - 0.5) * grain)
    return result


def tracked(samples: Samples, rate: int) -> NDArray[np.float64]:
    """The pitch that stands out at each sample in Hz, to the semitone, [samples].

    The strongest autocorrelation between 80 and 600 Hz, in frames of 64 ms, outliers left out.
    """
    size = frame_size(rate, 0.064)
    power = np.square(np.abs(spectra_of(samples.mean(axis=0, keepdims=True), size)))[0]
    likeness = fft.irfft(power, axis=1)
    shortest, longest = int(rate / _HIGHEST_HZ), min(int(rate / _LOWEST_HZ), size // 2 - 1)
    lag = shortest + np.argmax(likeness[:, shortest : longest + 1], axis=1)
    semitones = np.round(12 * np.log2(rate / np.maximum(lag, 1) / 440))
    steady = median_filter(semitones, 9, mode="nearest")
    hop = size // OVERLAP
    frame = np.clip((np.arange(samples.shape[1]) + size // 2) // hop, 0, len(steady) - 1)
    result: NDArray[np.float64] = 440 * 2 ** (steady[frame] / 12)
    return result
