"""What `rebracket stream` sends: a file as it would sound, or what another program writes."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import replace
from threading import Semaphore, Thread
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rebracket.errors import RebracketError
from rebracket.messages import SAMPLE_BYTES, Encoding
from rebracket.segment.audio import resampler
from rebracket.segment.pcm import Pcm

FASTEST, SLOWER = 96_000, 48_000
"""The highest rate of a stream in Hz, and what files of a higher one are resampled to."""

PIECE = 2**16
"""Bytes that are read of a pipe at once."""

AHEAD = 4
"""Pieces that are read before they are taken."""


class Source(Protocol):
    """Where audio comes from; `taken_s` says how much of it was taken, `seconds` how long it is, if known."""

    encoding: Encoding
    sample_rate: int
    channels: int
    seconds: float | None

    @property
    def taken_s(self) -> float:
        """Seconds taken so far."""

    def pieces(self) -> AsyncIterator[bytes]:
        """The audio."""


class FileSource:
    """A file that is being decoded; `paced` gives each block when it would have sounded."""

    encoding: Encoding = "pcm_f32le"

    def __init__(self, pcm: Pcm, *, paced: bool) -> None:
        self._pcm = _within_rate(pcm)
        self._paced = paced
        self._taken = 0
        self.sample_rate, self.channels = self._pcm.rate, pcm.channels
        self.seconds = None if pcm.frames is None else pcm.frames / pcm.rate

    @property
    def taken_s(self) -> float:
        """Seconds taken so far."""
        return self._taken / self.sample_rate

    async def pieces(self) -> AsyncIterator[bytes]:
        """The audio, block by block."""
        clock = asyncio.get_running_loop().time
        began = clock()
        for block in self._pcm.blocks:
            self._taken += len(block)
            if self._paced:
                await asyncio.sleep(began + self.taken_s - clock())
            yield block.astype("<f4").tobytes()


def _within_rate(pcm: Pcm) -> Pcm:
    if pcm.rate <= FASTEST:
        return pcm
    return replace(pcm, rate=SLOWER, blocks=_resampled(pcm))


def _resampled(pcm: Pcm) -> Iterator[NDArray[np.float32]]:
    resampling = resampler(pcm.rate, pcm.channels, SLOWER)
    for block in pcm.blocks:
        yield np.clip(resampling.resample_chunk(block), -1, 1)
    rest = resampling.resample_chunk(np.empty((0, pcm.channels), np.float32), last=True)
    yield np.clip(rest, -1, 1)


class RawSource:
    """PCM that another program writes into an open file, as it comes."""

    seconds: float | None = None

    def __init__(
        self, descriptor: int, encoding: Encoding, sample_rate: int, channels: int
    ) -> None:
        self._descriptor = descriptor
        self._bytes_a_second = sample_rate * channels * SAMPLE_BYTES[encoding]
        self._taken = 0
        self.encoding, self.sample_rate, self.channels = encoding, sample_rate, channels

    @property
    def taken_s(self) -> float:
        """Seconds taken so far."""
        return self._taken / self._bytes_a_second

    async def pieces(self) -> AsyncIterator[bytes]:
        """The audio, until the other side closes.

        Raises:
            RebracketError: it can't be read.
        """
        read: asyncio.Queue[bytes | OSError] = asyncio.Queue()
        room = Semaphore(AHEAD)
        arguments = (self._descriptor, asyncio.get_running_loop(), read, room)
        # Not asyncio's threads: at the end those are waited for, and this one may wait for ever.
        Thread(target=_pump, args=arguments, daemon=True).start()
        while piece := await read.get():
            if isinstance(piece, OSError):
                raise RebracketError(f"standard input: {piece.strerror}")
            room.release()
            self._taken += len(piece)
            yield piece


def _pump(
    descriptor: int,
    loop: asyncio.AbstractEventLoop,
    read: "asyncio.Queue[bytes | OSError]",
    room: Semaphore,
) -> None:
    """Read until the end or an error, and tell the loop, as long as there is one. Blocks."""
    piece: bytes | OSError = bytes(1)
    with suppress(RuntimeError):
        while isinstance(piece, bytes) and piece:
            room.acquire()
            try:
                piece = os.read(descriptor, PIECE)
            except OSError as error:
                piece = error
            loop.call_soon_threadsafe(read.put_nowait, piece)
