"""Bytes of audio as they come → samples."""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""Float samples [frames, channels], nominally -1 to 1; raw floats may hold anything."""

Encoding = Literal["pcm_s16le", "pcm_f32le"]
WIDTHS: dict[Encoding, int] = {"pcm_s16le": 2, "pcm_f32le": 4}
"""Bytes of a sample."""


@dataclass(frozen=True, slots=True)
class Shape:
    """`rate` in Hz and number of `channels`, 1 or 2."""

    rate: int
    channels: int


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


class RawDecoder:
    """PCM without a header; a frame that is not complete waits for its rest, and is dropped at the end."""

    def __init__(self, encoding: Encoding, shape: Shape) -> None:
        self._encoding = encoding
        self._shape = shape
        self._frame = WIDTHS[encoding] * shape.channels
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
        return self._samples(b"")

    def _samples(self, data: bytes) -> Samples:
        if self._encoding == "pcm_f32le":
            return np.frombuffer(data, "<f4").reshape(-1, self._shape.channels)
        integers = np.frombuffer(data, "<i2").reshape(-1, self._shape.channels)
        return integers.astype(np.float32) / np.float32(2**15)
