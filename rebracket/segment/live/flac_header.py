"""What a FLAC stream begins with, before its first frame (RFC 9639, section 8)."""

from rebracket.errors import Undecodable
from rebracket.segment.id3 import HEADER_BYTES, MARK, MOST_TAGS, tag_bytes
from rebracket.segment.live.pcm import Shape, read_shape

MOST_HEADER = 2**23
"""Bytes that may come before the first frame, pictures mostly, for which nothing is heard: 8 MiB."""

FLAC = b"fLaC"
BLOCK_HEADER = 4
LAST, KIND = 0x80, 0x7F
"""Of a block's first byte: whether it is the last one, and what it holds."""

STREAMINFO = 0
INFO_BYTES = 34


class FlacHeader:
    """Passes over all that comes before the first frame, but for the block STREAMINFO.

    ID3 tags before 'fLaC', and zeros after them, are passed over too. Nothing of what is passed
    over is kept.
    """

    def __init__(self) -> None:
        self._held = bytearray()
        self._skip = 0
        self._passed = 0
        self._tags = 0
        self._marked = False
        self._last = False
        self._info = b""
        self._shape: Shape | None = None

    @property
    def shape(self) -> Shape | None:
        """As the block STREAMINFO says; None until it is there."""
        return self._shape

    @property
    def plain(self) -> bytes:
        """The same stream's header with nothing but the block STREAMINFO."""
        return FLAC + bytes([LAST | STREAMINFO, 0, 0, INFO_BYTES]) + self._info

    def feed(self, data: bytes) -> bytes | None:
        """What comes after the header, once it is complete; None until then.

        Raises Undecodable for a header that can't be used, with the byte where that is known.
        """
        self._held += data
        while True:
            self._take(min(self._skip, len(self._held)))
            if self._skip:
                return None
            if self._last:
                return bytes(self._held)
            if not (self._read_block() if self._marked else self._read_mark()):
                return None
            if self._passed + self._skip > MOST_HEADER:
                most = MOST_HEADER // 2**20
                raise Undecodable(f"Expected the first frame in the first {most} MiB")

    def _take(self, count: int) -> None:
        del self._held[:count]
        self._passed += count
        self._skip -= count

    def _read_mark(self) -> bool:
        """Find out what to pass over up to the first block; False where more is needed."""
        zeros = len(self._held) - len(self._held.lstrip(b"\0"))
        if self._tags and zeros:
            self._skip = zeros
            return True
        mark = bytes(self._held[: len(FLAC)])
        if len(mark) < len(FLAC):
            return False
        if mark == FLAC:
            self._marked = True
            self._skip = len(FLAC)
            return True
        if not mark.startswith(MARK) or self._tags == MOST_TAGS:
            raise Undecodable("Expected 'fLaC'", offset=self._passed)
        if len(self._held) < HEADER_BYTES:
            return False
        self._tags += 1
        self._skip = tag_bytes(self._held)
        if not self._skip:
            raise Undecodable("Expected the size of a tag", offset=self._passed)
        return True

    def _read_block(self) -> bool:
        """Find out how long the next block is, and read STREAMINFO; False where more is needed."""
        if len(self._held) < BLOCK_HEADER:
            return False
        kind, size = self._held[0] & KIND, int.from_bytes(self._held[1:BLOCK_HEADER], "big")
        whole = BLOCK_HEADER + size
        if not self._info:
            if (kind, size) != (STREAMINFO, INFO_BYTES):
                raise Undecodable("Expected the block STREAMINFO", offset=self._passed)
            if len(self._held) < whole:
                return False
            self._read_info(bytes(self._held[BLOCK_HEADER:whole]))
        self._last = bool(self._held[0] & LAST)
        self._skip = whole
        return True

    def _read_info(self, info: bytes) -> None:
        word = int.from_bytes(info[10:14], "big")
        offset = self._passed + BLOCK_HEADER
        self._shape = read_shape(rate=word >> 12, channels=(word >> 9 & 7) + 1, offset=offset)
        self._info = info
