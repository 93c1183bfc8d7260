"""A file that is still coming in, for code that reads files."""

from collections.abc import Callable
from typing import Any

LENGTH = 2**62
"""What the file says of its length, in bytes: it has no end yet."""

KEPT = 2**16
"""Bytes before the next one that are kept.

libFLAC goes back to look for another frame after a damaged one, though nothing is read from then on.
"""


class Inflow:
    """Begins with `head`; where more is read than has come, `wait` is called to bring more.

    Without `wait`, and after `end`, the file ends where its bytes do. It never raises: C code calls
    it. Reading where nothing is, or is no longer, is reading at the end.
    """

    def __init__(self, head: bytes) -> None:
        self.wait: Callable[[], None] | None = None
        self._data = bytearray(head)
        self._first = 0
        self._at = 0

    def feed(self, data: bytes) -> None:
        """Append bytes."""
        self._data += data

    def end(self) -> None:
        """No more bytes come."""
        self.wait = None

    def seek(self, offset: int, whence: int) -> int:
        """Move; `whence` as for any file."""
        base = (0, self._at, LENGTH)[whence] if whence in (0, 1, 2) else 0
        self._at = max(base + offset, 0)
        return self._at

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with what there is, one byte at least; how many there were, 0 at the end."""
        while self._at == self._first + len(self._data) and (wait := self.wait) is not None:
            wait()
        at = self._at - self._first
        if not 0 <= at < len(self._data):
            return 0
        part = self._data[at : at + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        self._drop(at + len(part) - KEPT)
        return len(part)

    def _drop(self, count: int) -> None:
        if count > 0:
            del self._data[:count]
            self._first += count
