"""Audio files → Sound."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from rebracket.errors import Undecodable
from rebracket.segment.compressed import open_compressed
from rebracket.segment.pcm import MAX_SECONDS, Pcm, check_length
from rebracket.segment.sound import Sound
from rebracket.segment.wav import open_wav, write_wav

__all__ = ["MAX_SECONDS", "MIN_SECONDS", "RATE", "open_audio", "read_audio", "write_wav"]

RATE = 16_000
"""The rate that everything is read at, in Hz."""

SIDES = 2
"""Channels that are kept; more are folded."""

MIN_SECONDS = 0.05
"""Shorter files hold nothing to classify."""

QUALITY = "HQ"
"""Of soxr: keeps 0 to 7.3 kHz within 0.01 dB and what would fold back under -139 dB.

30 s of stereo at 44.1 kHz take 7.8 ms with MQ (0.06 and -116 dB), 8.4 with HQ and 8.8 with VHQ
(-157 dB), beside 20 ms for decoding FLAC: less would save nothing, more is beyond 16 bits.
"""


def read_audio(data: bytes) -> Sound:
    """Read a WAV, FLAC, Ogg (Vorbis, Opus) or MP3 file as sound at `RATE`.

    As `open_audio` reads it. Decoded and resampled block by block: beside the result, which for ten
    minutes in stereo is 77 MB, no more is held than a few blocks, whatever the file declares.

    Raises Undecodable and TooMuchMusic as `open_audio` does, and Undecodable for a file of under
    `MIN_SECONDS`.
    """
    with open_audio(data) as pcm:
        samples = _collect(pcm)
    if samples.shape[1] < MIN_SECONDS * RATE:
        raise Undecodable(f"Expected at least {MIN_SECONDS} seconds of sound")
    return Sound(samples, RATE)


@contextmanager
def open_audio(data: bytes) -> Iterator[Pcm]:
    """Open a WAV, FLAC, Ogg (Vorbis, Opus) or MP3 file for as long as its blocks are read.

    Blocks are float32 [frames, 1 or 2] at the file's own rate. One channel stays one, two stay two,
    and more are folded to two (see `_fold`). Samples over 1 are clipped, those that are not numbers
    are 0. Damaged files give what could be decoded.

    Raises Undecodable for anything else than such a file at 8 to 192 kHz with 1 to 8 channels;
    TooMuchMusic where it declares more than `MAX_SECONDS`. The blocks raise TooMuchMusic where they
    turn out to be more, and Undecodable at their end where most samples were not numbers.
    """
    with _open(bytes(data)) as pcm:
        yield replace(pcm, channels=min(pcm.channels, SIDES), blocks=_folded(pcm))


def _open(data: bytes) -> AbstractContextManager[Pcm]:
    """The only containers that are read are told apart by their first bytes."""
    if data[:4] in {b"RIFF", b"RF64"}:
        return nullcontext(open_wav(data))
    return open_compressed(data)


def _collect(pcm: Pcm) -> NDArray[np.float32]:
    """All blocks, resampled: float32 [1 or 2, samples]."""
    tape = _Tape(pcm)
    resampling = resampler(pcm.rate, pcm.channels)
    for block in pcm.blocks:
        tape.add(resampling.resample_chunk(block))
    tape.add(resampling.resample_chunk(np.empty((0, pcm.channels), np.float32), last=True))
    return tape.samples()


def _folded(pcm: Pcm) -> Iterator[NDArray[np.float32]]:
    """All blocks, cleaned and folded: float32 [frames, 1 or 2]."""
    fold = _fold(pcm.order[pcm.channels - 1]) if pcm.channels > SIDES else None
    read = broken = 0
    for block in pcm.blocks:
        read += len(block)
        check_length(read, pcm.rate)
        clean, count = cleaned(block)
        broken += count
        yield clean if fold is None else clean @ fold
    if broken * 2 > read * pcm.channels:
        raise Undecodable("Over half of the samples are not numbers")


def resampler(rate: int, channels: int, to: int = RATE) -> soxr.ResampleStream:
    """Takes blocks [samples, channels] at `rate` Hz to another; how they are cut changes nothing."""
    return soxr.ResampleStream(rate, to, channels, "float32", QUALITY)


def resampled(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """All of a sound [samples, channels] at `rate` Hz, at `RATE`: [channels, samples]."""
    found = soxr.resample(samples, rate, RATE, QUALITY)
    return np.ascontiguousarray(np.clip(found, -1, 1).T)


def resampled_length(samples: int, rate: int) -> int:
    """How many samples so many at `rate` Hz become at `RATE`."""
    return (2 * samples * RATE + rate) // (2 * rate)


def cleaned(block: NDArray[np.floating[Any]]) -> tuple[NDArray[np.float32], int]:
    """The block within -1 to 1, and how many samples were no finite numbers: they are 0 now."""
    finite = np.isfinite(block)
    count = int(finite.size - np.count_nonzero(finite))
    if count:
        block = np.where(finite, block, 0)
    return np.clip(block, -1, 1).astype(np.float32, copy=False), count


def _fold(sides: str) -> NDArray[np.float32]:
    """How much of each of three or more channels goes into each side: [channels, 2].

    The channels of one side are averaged, and the centre, where songs are mostly sung, goes into
    both at 0.71 of their weight, as in ITU-R BS.775; put into one side only it would turn singing
    into a place. The channel of bass effects is left out, as there. Columns sum to 1, so nothing
    clips. A file of separate tracks, whose channels have no place, is folded just the same.
    """
    weights = {"L": (1, 0), "R": (0, 1), "C": (0.5**0.5, 0.5**0.5), "-": (0, 0)}
    fold = np.array([weights[side] for side in sides])
    shares: NDArray[np.float64] = fold / fold.sum(axis=0)
    return shares.astype(np.float32)


class _Tape:
    """Room for as many samples as are declared, within the limit, filled as they come.

    Memory that nothing was written to costs nothing, so what a file only declares does not either;
    and rows that grew would have to be copied.
    """

    def __init__(self, pcm: Pcm) -> None:
        most = MAX_SECONDS * pcm.rate
        frames = most if pcm.frames is None else min(pcm.frames, most)
        length = resampled_length(frames, pcm.rate)
        self._room = np.empty((pcm.channels, length), np.float32)
        self._used = 0

    def add(self, block: NDArray[np.float32]) -> None:
        """Append a block [samples, channels]; resampling may overshoot 1 and is clipped."""
        end = min(self._used + len(block), self._room.shape[1])
        room = self._room[:, self._used : end]
        np.clip(block[: room.shape[1]].T, -1, 1, out=room)
        self._used = end

    def samples(self) -> NDArray[np.float32]:
        """What was added [channels, samples], in rows without gaps."""
        return np.ascontiguousarray(self._room[:, : self._used])
