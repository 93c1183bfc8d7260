"""Narration: someone else has the word: another source, a radio, another instrument."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from rebracket.segment.operations.sound.mixing import (
    Samples,
    at_level,
    blend,
    levelled,
    middle,
    rms,
)
from rebracket.segment.operations.sound.noises import crackle, hiss
from rebracket.segment.operations.sound.pitch import tracked
from rebracket.segment.operations.sound.spans import Spans, beats, depth, reach
from rebracket.segment.operations.sound.spectrum import (
    filtered,
    frame_size,
    sound_of,
    spectra_of,
    spectral_envelope,
)
from rebracket.segment.operations.sound.tellers import SOURCES

_OTHER_SHARE = 0.6  # over this the other has the word and the music is what interrupts
_CRUSHED_HZ = 5000


@levelled
def cut_away(samples: Samples, rate: int, intensity: float, rng: Generator) -> Samples:
    """Hard cuts to another source and back: a tune, speech without words, a crowd."""
    spans = beats(samples, rate, rng, 0.5, 1.4)
    source = SOURCES[rng.integers(len(SOURCES))]
    other = source(samples.shape[1], rate, rng)
    changed = np.broadcast_to(at_level(other, rms(samples)), samples.shape)
    return blend(samples, changed, _handed_over(spans, rate, intensity))


@levelled
def radio_frame(samples: Samples, rate: int, intensity: float, rng: Generator) -> Samples:
    """Beginning, end and spans between come from a small radio in static, the rest in full."""
    spans = beats(samples, rate, rng, 0.6, 1.6)
    framing = np.minimum(np.arange(len(spans)), np.arange(len(spans))[::-1]) == 0
    spans = Spans(spans.edges, np.where(framing, 0.0, spans.ranks))
    level = rms(samples)
    small = at_level(_small_speaker(middle(samples), rate), 1.0)
    small = _small_speaker(np.tanh(2.5 * small), rate)
    tuning = _whistle(spans, rate, rng)
    noise = middle(0.25 * hiss(samples, rng) + crackle(samples, rate, rng, 25))
    heard = at_level(small, level) + _small_speaker(noise, rate) + np.float32(0.35 * level) * tuning
    changed = np.broadcast_to(at_level(heard, level), samples.shape)
    return blend(samples, changed, _handed_over(spans, rate, intensity))


@levelled
def retold(samples: Samples, rate: int, intensity: float, rng: Generator) -> Samples:
    """Spans are told again by a toy: a buzzing voice at the tune's pitch, in few and coarse steps."""
    spans = beats(samples, rate, rng, 0.6, 1.6)
    octave = 2.0 ** rng.integers(0, 2)
    turns = np.cumsum(tracked(samples, rate) * octave / rate) % 1
    buzz = np.where(turns < rng.uniform(0.15, 0.4), 1.0, -0.4).astype(np.float32)[None]
    size = frame_size(rate, 0.032)
    width = max(3, round(700 * size / rate))
    shape = spectral_envelope(np.abs(spectra_of(middle(samples), size)), width)
    carrier = spectra_of(buzz, size)
    told = sound_of(carrier * (shape / spectral_envelope(np.abs(carrier), width)), buzz.shape[1])
    changed = np.broadcast_to(at_level(_crushed(told, rate), rms(samples)), samples.shape)
    return blend(samples, changed, _handed_over(spans, rate, intensity))


def _handed_over(spans: Spans, rate: int, intensity: float) -> NDArray[np.float32]:
    """Where the other has the word, and how far it drowns the music: hard cuts."""
    return spans.hold(spans.chosen(_OTHER_SHARE * reach(intensity)) * depth(intensity), rate // 400)


def _small_speaker(samples: Samples, rate: int) -> Samples:
    """What a speaker of a few centimetres lets through: 450 to 2600 Hz."""
    return filtered(samples, rate, lambda f: 1 / (1 + (450 / f) ** 6) / (1 + (f / 2600) ** 8))


def _whistle(spans: Spans, rate: int, rng: Generator) -> NDArray[np.float32]:
    """The whistle of a radio being tuned in at the beginning of each span, [samples]."""
    since = (np.arange(spans.edges[-1]) - spans.starts()) / rate
    hertz = rng.uniform(700, 1100) + 1500 * np.exp(-since / 0.08)
    tone = np.sin(2 * np.pi * np.cumsum(hertz / rate)) * np.exp(-since / 0.12)
    return tone.astype(np.float32)


def _crushed(samples: Samples, rate: int) -> Samples:
    """Every sample held until 5000 a second are left, in steps of a twelfth of the peak."""
    step = max(1, round(rate / _CRUSHED_HZ))
    held = np.repeat(samples[:, ::step], step, axis=1)[:, : samples.shape[1]]
    size = np.float32(np.max(np.abs(held)) / 12 + 1e-12)
    return np.round(held / size) * size
