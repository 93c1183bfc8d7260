"""Bodies that say themselves what they are → samples."""

from rebracket.errors import Undecodable
from rebracket.segment.id3 import MARK
from rebracket.segment.live.flac import FlacDecoder
from rebracket.segment.live.flac_header import FLAC
from rebracket.segment.live.pcm import Decoder, Samples, Shape, no_samples
from rebracket.segment.live.wav import WavDecoder

MARK_BYTES = 4


class ContainerDecoder:
    """WAV or FLAC, told apart by the first bytes."""

    def __init__(self) -> None:
        self._head = b""
        self._decoder: Decoder | None = None

    @property
    def shape(self) -> Shape | None:
        """As the header says; None until it has."""
        return self._decoder.shape if self._decoder else None

    def feed(self, data: bytes) -> Samples:
        """The samples that are complete now.

        Raises Undecodable for anything else, and as the container's decoder does.
        """
        if self._decoder is None:
            data = self._head + data
            if len(data) < MARK_BYTES:
                self._head = data
                return no_samples(None)
            self._decoder = _decoder(data[:MARK_BYTES])
        return self._decoder.feed(data)

    def finish(self) -> Samples:
        """The samples that were held back; raises Undecodable where no header ever came."""
        return (self._decoder or _decoder(self._head)).finish()

    def close(self) -> None:
        """Close the container's decoder."""
        if self._decoder is not None:
            self._decoder.close()


def _decoder(mark: bytes) -> Decoder:
    """The decoder for what begins so."""
    if mark in {b"RIFF", b"RF64"}:
        return WavDecoder()
    if mark == FLAC or mark.startswith(MARK):
        return FlacDecoder()
    raise Undecodable("Expected WAV or FLAC, or say the encoding of raw PCM", offset=0)
