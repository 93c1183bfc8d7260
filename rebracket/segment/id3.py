"""ID3v2 tags, which carelessly written files begin with whatever they hold."""

import re

MOST_TAGS = 8
"""Tags that are passed over; files have one, carelessly written ones a few."""

MARK = b"ID3"
HEADER_BYTES = 10

HEADER = re.compile(rb"ID3..(?P<flags>.)(?P<size>[\x00-\x7f]{4})", re.DOTALL)
"""As in "ID3 tag version 2.4.0", section 3.1 (id3.org)."""


def tag_bytes(data: bytes | bytearray, at: int = 0) -> int:
    """The length of the tag that begins at byte `at`, with its header and footer; 0 where none does."""
    header = HEADER.match(data, at)
    if header is None:
        return 0
    size: int = sum(
        byte << shift for byte, shift in zip(header["size"], (21, 14, 7, 0), strict=True)
    )
    footer = HEADER_BYTES if header["flags"][0] & 0x10 else 0
    return HEADER_BYTES + size + footer
