"""Short-time spectra, and filters over the whole of a sound."""

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy import fft
from scipy.ndimage import uniform_filter1d

from rebracket.segment.operations.sound.mixing import Samples

Spectra = NDArray[np.complex64]
"""[channels, frames, bins]"""

OVERLAP = 4
"""Frames that each sample lies in."""

_HANN_SQUARES = 1.5  # the sum of four squared Hann windows, a quarter apart


def frame_size(rate: int, seconds: float) -> int:
    """The power of two nearest to so many seconds, 16 at least."""
    return int(2 ** max(4, round(np.log2(rate * seconds))))


def spectra_of(samples: Samples, size: int) -> Spectra:
    """Spectra of Hann frames a quarter of `size` apart; the first lies before the beginning."""
    hop = size // OVERLAP
    frames = -(-samples.shape[1] // hop) + OVERLAP + 1
    room = (frames - 1) * hop + size
    padded = np.pad(samples, ((0, 0), (size, room - size - samples.shape[1])))
    windows = sliding_window_view(padded, size, axis=1)[:, ::hop]
    result: Spectra = fft.rfft(windows * _hann(size), axis=2)
    return result


def sound_of(spectra: Spectra, count: int) -> Samples:
    """The `count` samples that these spectra, made by `spectra_of`, are of."""
    size = 2 * (spectra.shape[2] - 1)
    hop = size // OVERLAP
    channels, frames = spectra.shape[:2]
    windows = fft.irfft(spectra, n=size, axis=2) * (_hann(size) / np.float32(_HANN_SQUARES))
    quarters = windows.reshape(channels, frames, OVERLAP, hop)
    result = np.zeros((channels, frames + OVERLAP, hop), dtype=np.float32)
    for quarter in range(OVERLAP):
        result[:, quarter : quarter + frames] += quarters[:, :, quarter]
    return result.reshape(channels, -1)[:, size : size + count]


def centres(frames: int, size: int) -> NDArray[np.int64]:
    """Where the frames of `spectra_of` have their middle, in samples; the first below 0."""
    return np.arange(frames) * (size // OVERLAP) - size // 2


def at_frames(values: NDArray[np.floating], frames: int, size: int) -> NDArray[np.float32]:
    """What a curve over samples [samples] is in the middle of each frame, [frames, 1]."""
    places = np.clip(centres(frames, size), 0, len(values) - 1)
    return values[places, None].astype(np.float32)


def frequencies(size: int, rate: int) -> NDArray[np.float32]:
    """The bins' frequencies in Hz, the lowest as half a bin so that its logarithm exists."""
    bins = np.arange(size // 2 + 1, dtype=np.float32)
    bins[0] = 0.5
    return bins * np.float32(rate / size)


def spectral_envelope(magnitudes: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """Magnitudes [..., bins] smoothed over `width` bins, never quite 0."""
    smooth = uniform_filter1d(magnitudes, max(width, 1), axis=-1, mode="nearest")
    result: NDArray[np.float32] = np.maximum(smooth, np.float32(1e-9))
    return result


def filtered(
    samples: Samples, rate: int, gain: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> Samples:
    """The samples with each frequency (Hz) at its gain, no phase moved."""
    count = samples.shape[1]
    size = fft.next_fast_len(count + rate // 10, real=True)
    curve = gain(np.maximum(fft.rfftfreq(size, 1 / rate), 1.0)).astype(np.float32)
    result: Samples = fft.irfft(fft.rfft(samples, n=size) * curve, n=size)[:, :count]
    return result


def unit(angles: NDArray[np.floating]) -> NDArray[np.complex64]:
    """Numbers of size 1 at these angles: many times faster than a complex exponential."""
    result = np.empty(angles.shape, dtype=np.complex64)
    result.real, result.imag = np.cos(angles), np.sin(angles)
    return result


def low_pass(samples: Samples, rate: int, corner: float) -> Samples:
    """What lies below `corner` Hz: 6 dB down there, 24 dB an octave beyond."""
    return filtered(samples, rate, lambda f: 1 / (1 + (f / corner) ** 4))


def high_pass(samples: Samples, rate: int, corner: float) -> Samples:
    """What lies above `corner` Hz: 6 dB down there, 24 dB an octave below."""
    return filtered(samples, rate, lambda f: 1 / (1 + (corner / f) ** 4))


def _hann(size: int) -> NDArray[np.float32]:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)).astype(np.float32)
