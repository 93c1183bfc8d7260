"""Other sources, made from nothing but chance: two tunes, a voice without words, a crowd."""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from rebracket.segment.operations.sound.mixing import Samples
from rebracket.segment.operations.sound.spans import cut
from rebracket.segment.operations.sound.spectrum import (
    at_frames,
    filtered,
    frame_size,
    frequencies,
    sound_of,
    spectra_of,
)

_SCALE = np.array([0, 2, 4, 7, 9, 12, 14, 16, 19])
_LOWEST_HZ = 262.0
_SPOKEN = 0.85  # of the syllables, the others are pauses


def plucked(count: int, rate: int, rng: Generator) -> Samples:
    """A quick tune on a plucked string, [1, count]."""
    turns, since = _tune(count, rate, rng)
    tone = sum(
        np.sin(2 * np.pi * partial * turns) * np.exp(-since * (2.0 + 3.0 * partial)) / partial
        for partial in range(1, 7)
    )
    return np.asarray(tone, dtype=np.float32)[None]


def squares(count: int, rate: int, rng: Generator) -> Samples:
    """A quick tune in square waves, as from an early computer game, [1, count]."""
    turns, since = _tune(count, rate, rng)
    tone = np.sign(0.5 - turns % 1) * np.minimum(1, since * 200)
    return tone.astype(np.float32)[None]


def babble(count: int, rate: int, rng: Generator) -> Samples:
    """A voice that speaks syllables of no language, [1, count]."""
    syllables = cut(count, rate, rng, 0.11, 0.26)
    pitch = syllables.hold(rng.uniform(95, 190, len(syllables)), rate // 12)
    turns = np.cumsum(pitch / rate) % 1
    throat = (2 * turns - 1 + 0.2 * rng.standard_normal(count)).astype(np.float32)[None]
    size = frame_size(rate, 0.032)
    spectra = spectra_of(throat, size)
    hertz = frequencies(size, rate)
    gain = np.zeros((spectra.shape[1], len(hertz)), dtype=np.float32)
    for low, high, weight in ((280, 850, 1.0), (900, 2300, 0.6), (2300, 2900, 0.3)):
        formant = syllables.hold(rng.uniform(low, high, len(syllables)), rate // 16)
        away = (hertz - at_frames(formant, spectra.shape[1], size)) / 110
        gain += weight / (1 + away**2)
    spoken = syllables.hold(rng.random(len(syllables)) < _SPOKEN, rate // 25)
    loudness = spoken * np.sin(np.pi * syllables.way()).astype(np.float32) ** 0.5
    return sound_of(spectra * gain, count) * loudness


def crowd(count: int, rate: int, rng: Generator) -> Samples:
    """A crowd that claps, [1, count]: thousands of short strokes in swells."""
    strokes = rng.standard_normal(count) ** 7
    clap = uniform_filter1d(strokes, max(1, rate // 2000))[None].astype(np.float32)
    swell = cut(count, rate, rng, 0.3, 0.9)
    loudness = swell.hold(rng.uniform(0.4, 1.0, len(swell)), rate // 4)
    body = filtered(clap, rate, lambda f: 1 / (1 + ((np.log2(f / 1400)) / 0.9) ** 4))
    return body * loudness


SOURCES: tuple[Callable[[int, int, Generator], Samples], ...] = (plucked, squares, babble, crowd)
"""`(samples, rate in Hz, random numbers)` → [1, samples], at any level."""


def _tune(count: int, rate: int, rng: Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """An oscillator's turns and the seconds since the note began, both [samples]."""
    notes = cut(count, rate, rng, 0.1, 0.24)
    root = _LOWEST_HZ * 2 ** rng.uniform(0, 1)
    hertz = root * 2 ** (rng.choice(_SCALE, len(notes)) / 12)
    turns = np.cumsum(np.repeat(hertz / rate, np.diff(notes.edges)))
    return turns, (np.arange(count) - notes.starts()) / rate
