"""Decoded audio on its way, block by block: what each container's reader hands on."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rebracket.errors import TooMuchMusic, Undecodable

MAX_SECONDS = 600
"""No more than this is read of a piece."""

RATES = range(8_000, 192_001)
"""Sample rates that are read, in Hz."""

MOST_CHANNELS = 8

BLOCK = 4096
"""Frames that are decoded at a time.

Decoding 30 s of FLAC takes 26 ms in blocks of 1024 and 21, 19 and 19 ms in blocks of 4096, 16 384
and 44 100: calls cost nothing from here on. What a file's damaged end takes along is a block at
most, which speaks for the smallest of them.
"""

WAV_ORDER = ("L", "LR", "LRC", "LRLR", "LRCLR", "LRC-LR", "LRC-CLR", "LRC-LRLR")
"""Which side each channel is on, by their number: L, R, C for the centre, - for the bass effects.

The order of WAV (Microsoft's channel mask) and of FLAC (RFC 9639, section 9.1.3).
"""

OGG_ORDER = ("L", "LR", "LCR", "LRLR", "LCRLR", "LCRLR-", "LCRLRC-", "LCRLRLR-")
"""As `WAV_ORDER`, in the order of Vorbis (Vorbis I, section 4.3.9) and Opus (RFC 7845, 5.1.1.2)."""


@dataclass(frozen=True, slots=True)
class Pcm:
    """A file that is being decoded.

    `rate` in Hz; `channels`; `frames` as declared and there, None where the file does not say.
    `order` is `WAV_ORDER` or `OGG_ORDER`. `blocks` are float arrays [frames, channels], nominally
    -1 to 1, that may hold anything a file can hold: more than 1, infinities, NaN.
    """

    rate: int
    channels: int
    frames: int | None
    order: tuple[str, ...]
    blocks: Iterator[NDArray[np.floating[Any]]]


def check_shape(rate: int, channels: int, offset: int | None = None) -> None:
    """Raise Undecodable for a rate or a number of channels that is not read."""
    if rate not in RATES:
        raise Undecodable("The sample rate is not between 8 and 192 kHz", offset=offset)
    if not 1 <= channels <= MOST_CHANNELS:
        raise Undecodable(f"There are not 1 to {MOST_CHANNELS} channels", offset=offset)


def check_length(frames: int, rate: int) -> None:
    """Raise TooMuchMusic for more frames than `MAX_SECONDS` hold."""
    if frames > MAX_SECONDS * rate:
        raise TooMuchMusic(f"The piece lasts over {MAX_SECONDS // 60} minutes")
