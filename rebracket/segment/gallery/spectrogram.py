"""Sound → a spectrogram as PNG."""

from struct import pack
from zlib import compress, crc32

import numpy as np
from numpy.typing import NDArray

from rebracket.segment.mel import centred, log_mel, spectra
from rebracket.segment.sound import Sound

Pixels = NDArray[np.uint8]

SHADES = 32
"""Steps between silence and the peak: fewer make smaller files, more are not to be told apart."""

RANGE = 14.0
"""Nepers of power, 60 dB, under the peak below which everything is black."""

GAP = 4
"""Rows between the left channel, above, and the right one."""

FIRE = np.array(
    [
        *((0, 0, 4), (40, 11, 84), (101, 21, 110), (159, 42, 99)),
        *((212, 72, 66), (245, 125, 21), (250, 193, 39), (252, 255, 164)),
    ]
)
"""Colours from dark to light, evenly spaced in brightness: matplotlib's "inferno"."""


def spectrogram(sound: Sound) -> bytes:
    """A PNG file: time to the right, bands of the mel scale upwards, the left channel over the right.

    Args:
        sound: one or two channels at the encoder's rate, 16 kHz.
    """
    levels = [log_mel(spectra(centred(channel))).T[::-1] for channel in sound.samples]
    peak = max(float(level.max()) for level in levels)
    shades = [_shades(level, peak) for level in levels]
    gap = np.zeros((GAP, shades[0].shape[1]), dtype=np.uint8)
    rows = [shades[0], *(row for shade in shades[1:] for row in (gap, shade))]
    return png(np.concatenate(rows), _palette())


def _shades(levels: NDArray[np.float32], peak: float) -> Pixels:
    above = np.clip((levels - peak) / RANGE + 1, 0, 1)
    shades: Pixels = np.rint(above * (SHADES - 1)).astype(np.uint8)
    return shades


def _palette() -> Pixels:
    """[SHADES, 3], red, green and blue."""
    at, steps = np.linspace(0, len(FIRE) - 1, SHADES), np.arange(len(FIRE))
    channels = [np.interp(at, steps, FIRE[:, channel]) for channel in range(3)]
    colours: Pixels = np.rint(np.stack(channels, axis=1)).astype(np.uint8)
    return colours


def png(pixels: Pixels, palette: Pixels) -> bytes:
    """An indexed PNG file (ISO/IEC 15948) of pixels [rows, columns] in colours [up to 256, 3]."""
    height, width = pixels.shape
    rows = np.pad(pixels, ((0, 0), (1, 0)))  # before each row its filter: none
    head = pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = (
        (b"IHDR", head),
        (b"PLTE", palette.tobytes()),
        (b"IDAT", compress(rows.tobytes(), 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        pack(">I", len(data)) + name + data + pack(">I", crc32(name + data))
        for name, data in chunks
    )
