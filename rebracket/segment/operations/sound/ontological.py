"""Ontology: what was a tone becomes a thing of another kind, metal, cloud, machine."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import fft

from rebracket.segment.operations.sound.mixing import Samples, blend, levelled
from rebracket.segment.operations.sound.spans import Spans, beats, firm, reach
from rebracket.segment.operations.sound.spectrum import frame_size, sound_of, spectra_of, unit

_HELD_FRAMES = 3


@levelled
def ring_modulation(samples: Samples, rate: int, intensity: float, rng: Generator) -> Samples:
    """Multiplied by a gliding sine: tones split into sums and differences that part and meet."""
    spans = beats(samples, rate, rng, 0.5, 1.5)
    centre = np.exp(rng.uniform(np.log(150), np.log(600), len(spans)))
    turns = _turns(spans, rate, centre, rng)
    changed = samples * (np.sqrt(2) * np.sin(2 * np.pi * turns)).astype(np.float32)
    return blend(samples, changed, _taken(spans, rate, intensity))


@levelled
def smeared(samples: Samples, rate: int, intensity: float, rng: Generator) -> Samples:
    """Tones and strokes dissolve into clouds: long frames held, phases and partials scattered."""
    spans = beats(samples, rate, rng, 0.6, 1.6)
    size = frame_size(rate, min(0.5, samples.shape[1] / rate / 2))
    level = np.abs(spectra_of(samples, size))
    frames, bins = level.shape[1:]
    scatter = 1 + 0.08 * rng.standard_normal((frames, bins), dtype=np.float32)
    source = np.clip(np.arange(bins) * scatter, 0, bins - 1).astype(np.int64)
    held = np.arange(frames) // _HELD_FRAMES * _HELD_FRAMES
    phase = rng.random((len(samples), frames, bins), dtype=np.float32) * np.float32(2 * np.pi)
    cloud = level[:, held[:, None], source] * unit(phase)
    changed = sound_of(cloud, samples.shape[1])
    return blend(samples, changed, _taken(spans, rate, intensity))


@levelled
def inharmonic(samples: Samples, rate: int, intensity: float, rng: Generator) -> Samples:
    """All partials moved by the same hertz, ever others, so that they belong to no tone any more."""
    spans = beats(samples, rate, rng, 0.5, 1.5)
    hertz = rng.uniform(70, 260, len(spans)) * rng.choice([1, 1, -1], len(spans))
    turns = _turns(spans, rate, hertz, rng)
    changed = _analytic(samples) * unit(2 * np.pi * turns)
    return blend(samples, changed.real, _taken(spans, rate, intensity))


def _taken(spans: Spans, rate: int, intensity: float) -> NDArray[np.float32]:
    return spans.hold(spans.chosen(reach(intensity)) * firm(intensity), rate // 50)


def _turns(
    spans: Spans, rate: int, hertz: NDArray[np.float64], rng: Generator
) -> NDArray[np.float64]:
    """Turns of an oscillator [samples], 0 to 1, that glides about a frequency for each span.

    It sways by up to an octave either way once in a second or so: steady, it would pass for
    another chord.
    """
    seconds = np.arange(spans.edges[-1]) / rate
    sway = np.sin(2 * np.pi * (rng.uniform(0.6, 1.6) * seconds + rng.random()))
    return np.cumsum(spans.hold(hertz) * 2**sway / rate) % 1


def _analytic(samples: Samples) -> NDArray[np.complex64]:
    """The samples without their negative frequencies, the others doubled."""
    count = samples.shape[1]
    size = fft.next_fast_len(count)
    half = fft.fft(samples, n=size)
    half[:, (size + 1) // 2 :] = 0
    half[:, 1:] *= 2
    result: NDArray[np.complex64] = fft.ifft(half)[:, :count]
    return result
