"""FLAC as it comes in → samples, through libsndfile.

libsndfile reads by pulling, and a frame that it began it must end: it gets a thread of its own.
"""

import weakref
from contextlib import suppress
from functools import partial

import numpy as np
import soundfile

from rebracket.errors import Undecodable
from rebracket.segment.compressed import ForwardFile, read_blocks
from rebracket.segment.live.flac_header import FlacHeader
from rebracket.segment.live.inflow import Inflow
from rebracket.segment.live.pcm import Samples, Shape, no_samples
from rebracket.segment.live.turns import Turns

BLOCK = 1024
"""Frames that are decoded at a time: so many may wait, 64 ms at 16 kHz, and are lost to damage."""

MOST_FRAMES = 2**22
"""Frames that may come of what is fed at once: 32 MiB and about 0.1 s of decoding in stereo.

65 535 frames of silence take 11 bytes. Encoders take blocks of 4096 to 8192 frames, of whose silence
4 KiB hold 2.4 million in stereo: pieces of this size pass, whatever music they come from.
"""

THREAD = "flac"
"""The name of threads that decode."""


class FlacDecoder:
    """Hands on frames in blocks of `BLOCK`, and the rest at the end.

    ID3 tags before 'fLaC' are passed over. A stream that turns out damaged ends there: what comes
    after that, or after as many frames as the header declares, is ignored. Pieces of bytes of whose
    frames there are more than `MOST_FRAMES` are refused, the only thing that depends on how they
    are cut.
    """

    def __init__(self) -> None:
        self._header = FlacHeader()
        self._codec: _Codec | None = None

    @property
    def shape(self) -> Shape | None:
        """As the header says; None until it has."""
        return self._header.shape

    def feed(self, data: bytes) -> Samples:
        """The samples that are complete now.

        Raises Undecodable for a header that can't be used, where no frame can be decoded, and for
        a piece that holds too much.
        """
        if self._codec is None:
            rest = self._header.feed(data)
            if rest is None:
                return no_samples(self.shape)
            self._codec = _Codec(self._header.plain)
            weakref.finalize(self, self._codec.close)
            data = rest
        return self._joined(self._codec.feed(data))

    def finish(self) -> Samples:
        """The samples that were held back.

        Raises Undecodable where the header was never complete, or no frame can be decoded.
        """
        if self._codec is None:
            raise Undecodable("Expected the whole header of a FLAC stream")
        return self._joined(self._codec.finish())

    def close(self) -> None:
        """End the thread."""
        if self._codec is not None:
            self._codec.close()

    def _joined(self, blocks: list[Samples]) -> Samples:
        return np.concatenate([no_samples(self.shape), *blocks])


class _Codec:
    """libsndfile and its thread, which ends with `finish`, with `close`, and by itself.

    The header is all that is read on opening, which is done here: soundfile holds a lock meanwhile
    that is the same for all files, and waiting for bytes would keep others from being opened.
    """

    def __init__(self, header: bytes) -> None:
        self._inflow = Inflow(header)
        try:
            file = ForwardFile(self._inflow, "r")
        except soundfile.SoundFileError:
            raise Undecodable("The stream's header can't be read") from None
        self._blocks: list[Samples] = []
        self._fed = self._heard = False
        self._turns = Turns(partial(_decode, file, self._blocks), THREAD)
        self._inflow.wait = self._turns.give_back

    def feed(self, data: bytes) -> list[Samples]:
        """The blocks that are complete now."""
        self._fed = self._fed or bool(data)
        if not self._turns.over:
            self._inflow.feed(data)
            self._turns.give()
        return self._taken()

    def finish(self) -> list[Samples]:
        """The rest."""
        self._inflow.end()
        self._turns.give()
        return self._taken()

    def close(self) -> None:
        """End the thread."""
        self._inflow.end()
        self._turns.end()

    def _taken(self) -> list[Samples]:
        blocks = self._blocks.copy()
        self._blocks.clear()
        if len(blocks) * BLOCK > MOST_FRAMES:
            raise Undecodable(f"Expected at most {MOST_FRAMES} frames in a piece of a stream")
        self._heard = self._heard or bool(blocks)
        if self._turns.over and self._fed and not self._heard:
            raise Undecodable("None of the frames can be decoded")
        return blocks


def _decode(file: soundfile.SoundFile, blocks: list[Samples]) -> None:
    """Read the file to its end, or until nobody takes its blocks."""
    for block in read_blocks(file, BLOCK):
        blocks.append(block)
        if len(blocks) * BLOCK > MOST_FRAMES:
            break
    with suppress(soundfile.SoundFileError):
        file.close()
