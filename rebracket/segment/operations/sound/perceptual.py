"""Perception: what was ground, noise and the quiet between, comes forward; the figure goes."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from rebracket.segment.operations.sound.mixing import Samples, blend, levelled
from rebracket.segment.operations.sound.noises import hiss
from rebracket.segment.operations.sound.spans import beats, envelope, firm, reach
from rebracket.segment.operations.sound.spectrum import (
    at_frames,
    frame_size,
    frequencies,
    sound_of,
    spectra_of,
    spectral_envelope,
)

_FLOOR = 0.05
_HIGHEST_LEAD_HZ = 3000.0


@levelled
def noise_figure(samples: Samples, rate: int, intensity: float, rng: Generator) -> Samples:
    """White noise moves as the music moved; the tones stay behind it, quiet and even."""
    spans = beats(samples, rate, rng, 0.4, 1.2)
    level = envelope(samples, rate, 0.015) + 1e-12
    usual = envelope(samples, rate, 1.0) + 1e-12
    figure = rng.standard_normal(samples.shape, dtype=np.float32) * level.astype(np.float32)
    even = np.minimum(usual / level, 10) ** 0.8
    strength = firm(intensity)
    changed = strength * figure + samples * (0.25 * even).astype(np.float32)
    return blend(
        samples, changed, spans.hold(spans.chosen(reach(intensity)) * strength, rate // 50)
    )


@levelled
def open_gaps(samples: Samples, rate: int, intensity: float, rng: Generator) -> Samples:
    """A gate the wrong way round: loud moments duck, quiet ones and the ground come up."""
    spans = beats(samples, rate, rng, 0.6, 1.6)
    ground = samples + _FLOOR * hiss(samples, rng)
    level = envelope(samples, rate, 0.03)
    usual = envelope(samples, rate, 1.5)
    contrast = (level + _FLOOR * usual + 1e-12) / (usual + 1e-12)
    force = spans.hold(spans.chosen(reach(intensity)) * firm(intensity), rate // 50)
    gain = np.clip(contrast, 0.03, 4.0) ** (-2.4 * force)
    result: Samples = blend(samples, ground, force) * gain.astype(np.float32)
    return result


@levelled
def spectral_hole(samples: Samples, rate: int, intensity: float, rng: Generator) -> Samples:
    """A hole goes where the strongest partial goes; what is left comes up to an even level."""
    spans = beats(samples, rate, rng, 0.6, 1.6)
    size = frame_size(rate, 0.064)
    spectra = spectra_of(samples, size)
    level = np.abs(spectra)
    force = at_frames(
        spans.hold(spans.chosen(reach(intensity)) * firm(intensity), rate // 50),
        spectra.shape[1],
        size,
    )
    pitch = np.log2(frequencies(size, rate))
    away = np.abs(pitch - _leading(level.sum(axis=0), pitch)[:, None])
    hole = 4.5 * np.exp(-((away / 0.45) ** 4))  # in powers of e, nearly an octave wide
    floor = level.mean(axis=(1, 2), keepdims=True) * np.float32(0.01) + np.float32(1e-9)
    around = spectral_envelope(level, 3 * size // 512) + floor
    even = -0.9 * np.log(around / around.mean(axis=(1, 2), keepdims=True))
    spectra *= np.exp(force * (even - hole)).astype(np.float32)
    return sound_of(spectra, samples.shape[1])


def _leading(level: NDArray[np.float32], pitch: NDArray[np.float32]) -> NDArray[np.float32]:
    """The strongest partial's logarithmic frequency in each frame, moving smoothly, [frames]."""
    audible = (pitch > np.log2(150)) & (pitch < np.log2(_HIGHEST_LEAD_HZ))
    weight = uniform_filter1d(level[:, audible], 5, axis=0, mode="nearest")
    lead = pitch[audible][np.argmax(weight, axis=1)]
    smooth: NDArray[np.float32] = uniform_filter1d(lead, 7, mode="nearest")
    return smooth
