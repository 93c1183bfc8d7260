"""WAV and RF64 as they come in → samples."""

import numpy as np

from rebracket.errors import Undecodable
from rebracket.segment.live.pcm import Samples, Shape, no_samples, read_shape
from rebracket.segment.wav import FIRST_CHUNK, Format, find_samples, read_frames

MOST_HEADER = 2**18
"""Bytes that may come before the samples, for which nothing is heard: 256 KiB."""

ENDLESS = 0x7FFFF000
"""Sizes from here on are written by those who don't know.

SoX writes this one to a pipe, arecord 2 GiB, ffmpeg all ones. A file that does hold 2 GiB is taken
to its end, with what little may follow its samples.
"""

DOUBLE = 8
LARGEST = float(np.finfo(np.float32).max)


class WavDecoder:
    """Waits for the header to be complete, then hands on each frame as soon as it is.

    Reads what `rebracket.segment.wav` reads, of any length. What follows the samples is ignored.
    """

    def __init__(self) -> None:
        self._head = bytearray()
        self._wanted = FIRST_CHUNK
        self._form: Format | None = None
        self._shape: Shape | None = None
        self._left: int | None = None
        self._rest = b""

    @property
    def shape(self) -> Shape | None:
        """As the header says; None until it is complete."""
        return self._shape

    def feed(self, data: bytes) -> Samples:
        """The samples that are complete now.

        Raises Undecodable, with the byte, for a header that can't be used.
        """
        if self._form is None:
            self._form, data = self._begin(data)
        if self._form is None:
            return no_samples(None)
        if self._left is not None:
            data = data[: self._left]
            self._left -= len(data)
        data = self._rest + data
        frames, rest = divmod(len(data), self._form.frame)
        self._rest = data[len(data) - rest :]
        return _single(self._form, data, frames)

    def finish(self) -> Samples:
        """Nothing: what is left is less than a frame.

        Raises Undecodable where the header was never complete.
        """
        if self._form is None:
            raise Undecodable("Expected a chunk 'data'", offset=len(self._head))
        return no_samples(self._shape)

    def close(self) -> None:
        """There is nothing to give back."""

    def _begin(self, data: bytes) -> tuple[Format | None, bytes]:
        """The format, once the header is complete, and the bytes after it."""
        self._head += data
        if len(self._head) < self._wanted:
            return None, b""
        found = find_samples(self._head)
        self._wanted = found if isinstance(found, int) else found.start
        if self._wanted > MOST_HEADER:
            most = MOST_HEADER // 2**10
            raise Undecodable(f"Expected the samples after at most {most} KiB")
        if isinstance(found, int):
            return None, b""
        form = found.form
        self._shape = read_shape(form.rate, form.channels, form.offset)
        self._left = found.size if 0 < found.size < ENDLESS else None
        data = bytes(self._head[found.start :])
        self._head.clear()
        return form, data


def _single(form: Format, data: bytes, frames: int) -> Samples:
    """The frames in single precision; doubles beyond its range are its largest numbers."""
    samples = read_frames(form, data, 0, frames)
    if form.width < DOUBLE:
        return samples.astype(np.float32, copy=False)
    with np.errstate(invalid="ignore"):  # what is no number may signal
        within = np.where(np.isinf(samples), samples, samples.clip(-LARGEST, LARGEST))
        return within.astype(np.float32)
