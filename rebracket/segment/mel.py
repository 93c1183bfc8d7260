"""Sound → windows of log-mel spectra, what the encoder of sound reads.

Three planes a frame: the level of the middle, left against right, and side against middle. Loudness is
taken out: a window's mean level is 0.
"""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import ceil

import numpy as np
from numpy.typing import NDArray

from rebracket.segment.sound import Sound
from rebracket.segment.window import MusicWindow

Spectra = NDArray[np.complex64]
Levels = NDArray[np.float32]

RATE = 16_000
FFT = 1024
HOP = 256
BANDS = 96
LOWEST, HIGHEST = 30.0, 8000.0
"""Hz that the bands span."""

FLOOR = 1e-10
"""Power that stands for silence."""

RANGE = 14.0
"""Nepers of power, 60 dB, under a window's peak below which everything is silence."""

PLANES = 3
WINDOW_S = 8.0
"""Seconds in a window at most."""


@dataclass(frozen=True, slots=True)
class SoundWindow(MusicWindow):
    """Some of a sound: `samples` float32 [channels, samples], one or two channels at `RATE`."""

    INPUT = "planes"
    samples: NDArray[np.float32]

    @property
    def work(self) -> int:
        """How many frames it has."""
        return 1 + int(self.samples.shape[1]) // HOP

    def features(self) -> Levels:
        """[frames, PLANES, BANDS]."""
        return planes(self.samples)


def windows(sound: Sound) -> list[SoundWindow]:
    """Even windows of at most `WINDOW_S` seconds.

    Args:
        sound: one or two channels at `RATE`.
    """
    length = sound.samples.shape[1]
    count = max(1, ceil(length / (WINDOW_S * RATE)))
    edges = np.linspace(0, length, count + 1).round().astype(int)
    return [SoundWindow(sound.samples[:, start:end]) for start, end in pairwise(edges)]


def planes(samples: NDArray[np.float32]) -> Levels:
    """The planes [frames, PLANES, BANDS] of samples [channels, samples]."""
    left = spectra(samples[0])
    right = left if len(samples) == 1 else spectra(samples[1])
    middle = _within_range(log_mel((left + right) / 2))
    floor = float(middle.min())
    apart, side = np.zeros_like(middle), np.full_like(middle, floor)
    if right is not left:
        levels = [np.maximum(log_mel(part), floor) for part in (left, right, (left - right) / 2)]
        apart, side = np.clip((levels[0] - levels[1]) / 3, -2, 2), levels[2]
    width = np.clip((side - middle) / 4, -2, 1)
    return np.stack([(middle - middle.mean()) / 4, apart, width], axis=1)


def _within_range(levels: Levels) -> Levels:
    return np.asarray(np.maximum(levels, levels.max() - RANGE))


def spectra(samples: NDArray[np.float32]) -> Spectra:
    """Short-time Fourier transform [frames, FFT / 2 + 1]: periodic Hann window, frames centred on hops.

    As `librosa.stft(samples, n_fft=FFT, hop_length=HOP)` has it, transposed.
    """
    padded = np.pad(samples, FFT // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, FFT)[::HOP]
    found: Spectra = np.fft.rfft(frames * _hann(), axis=1).astype(np.complex64, copy=False)
    return found


def log_mel(spectrum: Spectra) -> Levels:
    """Natural logarithm of the power in each band [frames, BANDS]."""
    power = spectrum.real**2 + spectrum.imag**2
    levels: Levels = np.log(np.maximum(power @ filters(), FLOOR))
    return levels


@cache
def _hann() -> Levels:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FFT) / FFT)).astype(np.float32)


@cache
def filters() -> Levels:
    """Triangles of equal area on the mel scale of Slaney's Auditory Toolbox (1998) [FFT / 2 + 1, BANDS]."""
    edges = _hertz(np.linspace(_mel(LOWEST), _mel(HIGHEST), BANDS + 2))
    bins = np.arange(FFT // 2 + 1) * RATE / FFT
    rising = (bins[:, None] - edges[None, :-2]) / np.diff(edges)[None, :-1]
    falling = (edges[None, 2:] - bins[:, None]) / np.diff(edges)[None, 1:]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return (triangles * 2 / (edges[2:] - edges[:-2])).astype(np.float32)


LINEAR_TO = 1000.0
HERTZ_A_MEL = 200 / 3
STEP = np.log(6.4) / 27
"""The scale is linear up to 1000 Hz and logarithmic above, 27 mels to 6400 Hz."""


def _mel(hertz: float) -> float:
    if hertz < LINEAR_TO:
        return hertz / HERTZ_A_MEL
    return float(LINEAR_TO / HERTZ_A_MEL + np.log(hertz / LINEAR_TO) / STEP)


def _hertz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    bend = LINEAR_TO / HERTZ_A_MEL
    logarithmic = LINEAR_TO * np.exp(STEP * (np.maximum(mels, bend) - bend))
    return np.where(mels < bend, mels * HERTZ_A_MEL, logarithmic)
