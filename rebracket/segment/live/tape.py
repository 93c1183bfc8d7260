"""A stretch of a stream: rows are added at its end and forgotten from its start."""

from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)


class Tape(Generic[T]):
    """Rows by their positions in the stream; what was forgotten takes no room for long."""

    def __init__(self, start: int, like: NDArray[T]) -> None:
        """Begins at position `start`; rows are of the shape and type of those of `like`."""
        self.start = start
        """The position of the first row that is kept."""
        self._rows = np.empty((64, *like.shape[1:]), dtype=like.dtype)
        self._from = 0
        self._to = 0

    @property
    def end(self) -> int:
        """The position behind the last row."""
        return self.start + self._to - self._from

    def add(self, rows: NDArray[T]) -> None:
        """Append [rows, …]."""
        if self._to + len(rows) > len(self._rows):
            self._make_room(len(rows))
        self._rows[self._to : self._to + len(rows)] = rows
        self._to += len(rows)

    def _make_room(self, more: int) -> None:
        """Move what is kept to the front, of a larger array where it would fill over half of this one."""
        kept = self._rows[self._from : self._to]
        needed = len(kept) + more
        room: NDArray[Any] = self._rows
        if 2 * needed > len(room):
            room = np.empty((2 * needed, *room.shape[1:]), dtype=room.dtype)
        room[: len(kept)] = kept.copy() if room is self._rows else kept
        self._rows, self._from, self._to = room, 0, len(kept)

    def forget(self, before: int) -> None:
        """Let go of the rows before a position."""
        gone = min(max(before - self.start, 0), self._to - self._from)
        self.start += gone
        self._from += gone

    def part(self, start: int, end: int) -> NDArray[T]:
        """The rows from one position to another: a view that lasts until the next call."""
        assert self.start <= start <= end <= self.end, (self.start, start, end, self.end)
        first = self._from + start - self.start
        return self._rows[first : first + end - start]
