"""Ogg files, checked before libvorbis and libopus see them.

Two things hide in damaged or hostile files. A Vorbis stream brings its own codebooks, for which
libvorbis reserves memory by the sizes that they declare: a few hundred bytes can ask for gigabytes.
And libsndfile answers for pages of Opus that are missing with memory that nobody wrote to. So what
the codebooks ask for is added up here, and a stream ends at its first page that is not in order.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice
from struct import Struct

from rebracket.errors import TooMuchMusic, Undecodable

MOST_VALUES = 2**20
"""Entries times dimensions of all of a file's codebooks; libvorbis' encoder makes 88 000 at most.

A file of 3 kB that declared 2**30 made libvorbis take 1 GB before it refused it.
"""

MOST_SETUP_BYTES = 2**20
"""Of the header with the codebooks; the libvorbis encoder's have up to 11 000."""

MOST_PAGES = 2**18
"""As many as ten minutes can need: the shortest packets, of 2.5 ms, on a page each."""

CODEBOOK = b"BCV"
"""What each codebook begins with, at any bit (Vorbis I, section 3.2.1)."""

HEAD = Struct("<5s9x4sIIB")
"""Mark and version, the stream, the page's number, its checksum, and how many pieces it has."""

FULL = 255
"""The length of a piece that goes on in the next."""

_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True, slots=True)
class _Page:
    """A page's pieces of packets by their lengths, its first byte of them, and its end."""

    lengths: bytes
    body: int
    end: int


def intact_end(data: bytes, start: int) -> int:
    """The end of the stream that begins at `start`, or of what is whole of it.

    Raises Undecodable for what does not begin with the whole headers of Vorbis or Opus, and
    TooMuchMusic for codebooks that would take too much memory.
    """
    pages = list(islice(_pages(data, start), MOST_PAGES))
    end = pages[-1].end if pages else start
    packets = _packets(data, pages)
    first, comments, setup = (next(packets, b"") for _ in range(3))
    if first.startswith(b"OpusHead") and comments.startswith(b"OpusTags"):
        return end
    headers = (first[:7], comments[:7], setup[:7])
    if headers != (b"\x01vorbis", b"\x03vorbis", b"\x05vorbis"):
        raise Undecodable("Expected the headers of Vorbis or Opus in the Ogg file", offset=end)
    if len(setup) > MOST_SETUP_BYTES or sum(_codebook_sizes(setup)) > MOST_VALUES:
        raise TooMuchMusic("The codebooks of the Vorbis stream are too large")
    return end


def _packets(data: bytes, pages: list[_Page]) -> Iterator[bytes]:
    """The packets of a stream, as far as they are whole."""
    packet = bytearray()
    for page in pages:
        at = page.body
        for length in page.lengths:
            packet += data[at : at + length]
            at += length
            if length < FULL:
                yield bytes(packet)
                packet.clear()


def _pages(data: bytes, at: int) -> Iterator[_Page]:
    """The pages of a stream, up to one that is not whole or not the next (RFC 3533, section 6)."""
    stream = data[at + 14 : at + 18]
    for number in count():
        head = data[at : at + HEAD.size]
        if len(head) < HEAD.size:
            return
        mark, serial, sequence, stated, pieces = HEAD.unpack(head)
        body = at + HEAD.size + pieces
        lengths = data[at + HEAD.size : body]
        page = data[at : body + sum(lengths)]
        if (mark, serial, sequence) != (b"OggS\0", stream, number) or stated != checksum(page):
            return
        at += len(page)
        yield _Page(lengths, body, at)


def checksum(page: bytes) -> int:
    """Ogg's CRC-32: zlib's, with the bits of each byte and of the sum the other way round."""
    mirrored = (page[:22] + bytes(4) + page[26:]).translate(_MIRRORED)
    found = zlib.crc32(mirrored, 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(found.to_bytes(4, "little").translate(_MIRRORED), "big")


def _codebook_sizes(setup: bytes) -> Iterator[int]:
    """Entries times dimensions of each codebook, and of what happens to look like one.

    Only a whole decoder could tell where codebooks begin, but each begins with the same 24 bits.
    Sizes that libvorbis refuses itself (their bits number over 24) are passed over.
    """
    bits = int.from_bytes(setup, "little")
    for shift in range(8):
        shifted = (bits >> shift).to_bytes(len(setup) + 1, "little")
        at = shifted.find(CODEBOOK)
        while at >= 0:
            dimensions = int.from_bytes(shifted[at + 3 : at + 5], "little")
            entries = int.from_bytes(shifted[at + 5 : at + 8], "little")
            if dimensions.bit_length() + entries.bit_length() <= 24:  # noqa: PLR2004
                yield dimensions * entries
            at = shifted.find(CODEBOOK, at + 1)
