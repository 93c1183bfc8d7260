"""The headers of Ogg files, checked before libvorbis and libopus see them.

A Vorbis file brings its own codebooks, for which libvorbis reserves memory by the sizes that they
declare: a few hundred bytes can ask for gigabytes. What they ask for is added up here first.
"""

import zlib
from collections.abc import Iterator
from struct import unpack_from

from rebracket.errors import TooMuchMusic, Undecodable

MOST_VALUES = 2**20
"""Entries times dimensions of all of a file's codebooks; the libvorbis encoder's have under 2**17 (88 000).

libvorbis takes up to 40 bytes for each while it prepares to decode.
"""

MOST_HEADER_BYTES = 2**24
"""Comments may hold a picture, the rest is some kilobytes."""

CODEBOOK = b"BCV"
"""What each codebook begins with, at any bit (Vorbis I, section 3.2.1)."""

_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def check_headers(data: bytes, start: int) -> None:
    """Raise Undecodable for what is not one stream of Vorbis or Opus, or whose headers are damaged.

    Raises TooMuchMusic for codebooks that would take too much memory. Pages up to the last header
    must follow each other, whole and of one stream, so that libogg puts the same packets together.
    """
    packets = _packets(data, start)
    first = next(packets, b"")
    if first.startswith(b"OpusHead"):
        return
    if not first.startswith(b"\x01vorbis"):
        raise Undecodable("Expected Vorbis or Opus in the Ogg file", offset=start)
    comments, setup = next(packets, b""), next(packets, b"")
    if not (comments.startswith(b"\x03vorbis") and setup.startswith(b"\x05vorbis")):
        raise Undecodable("Expected the three headers of Vorbis", offset=start)
    if sum(_codebook_sizes(setup)) > MOST_VALUES:
        raise TooMuchMusic("The codebooks of the Vorbis stream are too large")


def _packets(data: bytes, start: int) -> Iterator[bytes]:
    """The packets of the first stream, as far as they are whole."""
    packet = bytearray()
    for lengths, body in _pages(data, start):
        for length in lengths:
            packet += data[body : body + length]
            body += length  # noqa: PLW2901 - a cursor through the page
            if length < 255:  # noqa: PLR2004 - the mark of a packet's last piece
                yield bytes(packet)
                packet.clear()


def _pages(data: bytes, at: int) -> Iterator[tuple[bytes, int]]:
    """Each page's lengths of pieces and the first byte of its body (RFC 3533, section 6)."""
    end = min(len(data), at + MOST_HEADER_BYTES)
    stream = data[at + 14 : at + 18]
    number = 0
    while at + 27 <= end:
        lengths = data[at + 27 : at + 27 + data[at + 26]]
        body = at + 27 + len(lengths)
        page = data[at : body + sum(lengths)]
        expected = (b"OggS\0", stream, number)
        if (page[:5], page[14:18], *unpack_from("<I", page, 18)) != expected:
            raise Undecodable("Expected the next page of the Ogg headers", offset=at)
        if checksum(page) != unpack_from("<I", page, 22)[0]:
            raise Undecodable("The page's checksum is wrong", offset=at)
        yield lengths, body
        at += len(page)
        number += 1


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
