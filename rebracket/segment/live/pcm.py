"""Bytes of audio as they come → samples."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rebracket.errors import Undecodable
from rebracket.messages import SAMPLE_BYTES, Encoding

Samples = NDArray[np.float32]
"""Float samples [frames, channels], nominally -1 to 1; raw floats may hold anything."""

RATES = range(8_000, 96_001)
"""Sample rates of streams, in Hz."""

MOST_CHANNELS = 2


@dataclass(frozen=True, slots=True)
class Shape:
    """`rate` in Hz and number of `channels`, 1 or 2."""

    rate: int
    channels: int


def read_shape(rate: int, channels: int, offset: int | None = None) -> Shape:
    """What a header says, at byte `offset`; Undecodable where streams may not be like this."""
    if not 1 <= channels <= MOST_CHANNELS:
        raise Undecodable("Streams have 1 or 2 channels", offset=offset)
    if rate not in RATES:
        raise Undecodable("Streams have 8 to 96 kHz", offset=offset)
    return Shape(rate, channels)


def no_samples(shape: Shape | None) -> Samples:
    """None, of a stream whose shape may not be known yet."""
    return np.empty((0, shape.channels if shape else 1), np.float32)


class Decoder(Protocol):
    """Turns bytes into samples; how they are cut into pieces changes nothing."""

    @property
    def shape(self) -> Shape | None:
        """What comes; None until a header has said so, with the first samples at the latest."""

    def feed(self, data: bytes) -> Samples:
        """The samples that are complete now.

        Raises Undecodable where the bytes are not what was promised.
        """

    def finish(self) -> Samples:
        """The samples that were held back; no more bytes come.

        Raises Undecodable where no header ever came.
        """

    def close(self) -> None:
        """Give back what decoding takes, whatever was said before; nothing may be fed after it.

        To be called for every decoder, once or more often.
        """


class RawDecoder:
    """PCM without a header; a frame that is not complete waits for its rest, and is dropped at the end."""

    def __init__(self, encoding: Encoding, shape: Shape) -> None:
        self._encoding = encoding
        self._shape = shape
        self._frame = SAMPLE_BYTES[encoding] * shape.channels
        self._rest = b""

    @property
    def shape(self) -> Shape:
        """As promised."""
        return self._shape

    def feed(self, data: bytes) -> Samples:
        """The samples that are complete now."""
        if self._rest:
            data = self._rest + data
        whole = len(data) - len(data) % self._frame
        self._rest = data[whole:]
        return self._samples(data[:whole])

    def finish(self) -> Samples:
        """Nothing: what is left is less than a frame."""
        return no_samples(self._shape)

    def close(self) -> None:
        """There is nothing to give back."""

    def _samples(self, data: bytes) -> Samples:
        if self._encoding == "pcm_f32le":
            return np.frombuffer(data, "<f4").reshape(-1, self._shape.channels)
        integers = np.frombuffer(data, "<i2").reshape(-1, self._shape.channels)
        return integers.astype(np.float32) / np.float32(2**15)
