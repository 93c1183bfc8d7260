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


@dataclass(frozen=True, slots=True)
class LevelsWindow(MusicWindow):
    """Some of a sound whose levels are known: `known` as `levels` gives them."""

    INPUT = "planes"
    known: Levels

    @property
    def work(self) -> int:
        """How many frames it has."""
        return len(self.known)

    def features(self) -> Levels:
        """[frames, PLANES, BANDS]."""
        return planes_of(self.known)


def windows(sound: Sound) -> list[SoundWindow]:
    """Even windows of at most about `WINDOW_S` seconds.

    Args:
        sound: one or two channels at `RATE`.
    """
    samples = sound.samples
    return [SoundWindow(samples[:, start:end]) for start, end in pairwise(edges(samples.shape[1]))]


def edges(length: int) -> list[int]:
    """Where the windows of so many samples begin, each a multiple of `HOP`, and where the last ends."""
    count = max(1, ceil(length / (WINDOW_S * RATE)))
    inner = np.linspace(0, length / HOP, count + 1)[:-1].round().astype(int) * HOP
    return [*inner.tolist(), length]


def planes(samples: NDArray[np.float32]) -> Levels:
    """The planes [frames, PLANES, BANDS] of samples [channels, samples]."""
    return planes_of(levels(centred(samples)))


def centred(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Samples [..., samples] with half a frame of silence around them: frames are centred on hops."""
    return np.pad(samples, [*[(0, 0)] * (samples.ndim - 1), (FFT // 2, FFT // 2)])


def levels(padded: NDArray[np.float32]) -> Levels:
    """What of a window's planes depends on no other frame: log-mel levels [frames, parts, BANDS].

    The parts are the middle alone, or middle, left, right, and side of two channels.

    Args:
        padded: samples [channels, samples] from half a frame before the first frame's centre to half
            a frame after the last one's.
    """
    left = spectra(padded[0])
    if len(padded) == 1:
        return log_mel(left)[:, None]
    right = spectra(padded[1])
    parts = ((left + right) / 2, left, right, (left - right) / 2)
    return np.stack([log_mel(part) for part in parts], axis=1)


def parts_of(channels: int) -> int:
    """How many parts `levels` gives of one or two channels."""
    return 1 if channels == 1 else 4


def planes_of(levels: Levels) -> Levels:
    """The planes [frames, PLANES, BANDS] of a window's levels [frames, parts, BANDS]."""
    middle = _within_range(levels[:, 0])
    floor = float(middle.min())
    apart, side = np.zeros_like(middle), np.full_like(middle, floor)
    if levels.shape[1] > 1:
        left, right, side = np.moveaxis(np.maximum(levels[:, 1:], floor), 1, 0)
        apart = np.clip((left - right) / 3, -2, 2)
    width = np.clip((side - middle) / 4, -2, 1)
    return np.stack([(middle - middle.mean()) / 4, apart, width], axis=1)


def _within_range(levels: Levels) -> Levels:
    return np.asarray(np.maximum(levels, levels.max() - RANGE))


def spectra(padded: NDArray[np.float32]) -> Spectra:
    """Short-time Fourier transform [frames, FFT / 2 + 1]: periodic Hann window, a frame each hop.

    As `librosa.stft(padded, n_fft=FFT, hop_length=HOP, center=False)` has it, transposed.
    """
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
