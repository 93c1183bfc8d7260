"""Identity: the same music is several: doubles a little off, copies elsewhere, other throats."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from rebracket.segment.operations.sound.mixing import (
    Samples,
    blend,
    levelled,
    middle,
    moved,
)
from rebracket.segment.operations.sound.pitch import detuned, shifted
from rebracket.segment.operations.sound.spans import Spans, beats, depth, reach
from rebracket.segment.operations.sound.spectrum import (
    frame_size,
    sound_of,
    spectra_of,
    spectral_envelope,
)

_INTERVALS = ((4, 7), (3, 7), (7, 12), (-5, 4), (-12, 7), (5, 9))
_LOUDEST_GAIN = 8.0


@levelled
def detuned_doubles(samples: Samples, rate: int, intensity: float, rng: Generator) -> Samples:
    """Four doubles 15 to 45 cents away, a few hundredths of a second late, to both sides."""
    spans = beats(samples, rate, rng, 0.8, 2.0)
    copies = [
        moved(detuned(middle(samples), rate, sign * rng.uniform(15, 45)), _late(rate, rng))
        for sign in (1, -1, 1, -1)
    ]
    away = _taken(spans, rate, intensity)
    return blend(samples, 0.7 * samples, away) + _spread(copies, len(samples)) * (1.2 * away)


@levelled
def shifted_copies(samples: Samples, rate: int, intensity: float, rng: Generator) -> Samples:
    """Two copies in parallel, a third, a fifth or an octave away."""
    spans = beats(samples, rate, rng, 0.8, 2.0)
    intervals = _INTERVALS[rng.integers(len(_INTERVALS))]
    off = rng.uniform(-0.2, 0.2, 2)
    ratios = tuple(
        float(2 ** ((step + cents) / 12)) for step, cents in zip(intervals, off, strict=True)
    )
    copies = [moved(copy, _late(rate, rng)) for copy in shifted(middle(samples), rate, ratios)]
    return samples + _spread(copies, len(samples)) * (1.2 * _taken(spans, rate, intensity))


@levelled
def other_throat(samples: Samples, rate: int, intensity: float, rng: Generator) -> Samples:
    """The same tones from a smaller and a larger throat at once, beside the first."""
    spans = beats(samples, rate, rng, 0.8, 2.0)
    size = frame_size(rate, 0.064)
    spectra = spectra_of(middle(samples), size)
    copies = []
    for ratio in (rng.uniform(1.35, 1.7), 1 / rng.uniform(1.35, 1.7)):
        other = sound_of(spectra * _other_formants(np.abs(spectra), rate, ratio), samples.shape[1])
        sign = 1 if ratio > 1 else -1
        copies.append(moved(detuned(other, rate, sign * rng.uniform(15, 30)), _late(rate, rng)))
    away = _taken(spans, rate, intensity)
    return blend(samples, 0.4 * samples, away) + _spread(copies, len(samples)) * (1.3 * away)


def _other_formants(level: NDArray[np.float32], rate: int, ratio: float) -> NDArray[np.float32]:
    """Gains that move the spectral envelope to `ratio` times its frequencies."""
    bins = level.shape[-1]
    shape = spectral_envelope(level, round(500 * 2 * bins / rate))
    source = np.minimum(np.arange(bins) / ratio, bins - 1).astype(np.int64)
    floor = shape.mean() * np.float32(0.003)
    gain = (shape[..., source] + floor) / (shape + floor)
    limited: NDArray[np.float32] = np.minimum(gain, np.float32(_LOUDEST_GAIN))
    return limited


def _late(rate: int, rng: Generator) -> int:
    """15 to 45 ms in samples."""
    return round(rate * rng.uniform(0.015, 0.045))


def _spread(copies: list[Samples], channels: int) -> Samples:
    """The copies' sum, by turns mostly to one side and mostly to the other where there are two."""
    if channels == 1:
        return np.asarray(sum(copies), dtype=np.float32) / np.float32(np.sqrt(len(copies)))
    result = np.zeros((channels, copies[0].shape[1]), dtype=np.float32)
    for number, copy in enumerate(copies):
        side = number % 2
        result[side::2] += copy
        result[1 - side :: 2] += 0.25 * copy
    return result / np.float32(np.sqrt(len(copies)))


def _taken(spans: Spans, rate: int, intensity: float) -> NDArray[np.float32]:
    return spans.hold(spans.chosen(reach(intensity)) * depth(intensity), rate // 10)
