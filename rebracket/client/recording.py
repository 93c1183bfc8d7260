"""What a stream's source says, kept as long as it may have to be said again."""

import asyncio
from dataclasses import dataclass

from rebracket.messages import SAMPLE_BYTES, End, Flush, NewWords, Start

KEEP_S = 60.0
"""Seconds of audio that are kept: twice the longest window."""

FRAME = 2**16
"""Bytes that are sent at once."""

MOST_UNSENT = 1000
"""Words and flushes that may wait to be sent."""


@dataclass(slots=True)
class _Said:
    """A message and the byte of the stream before which it was said."""

    at: int
    message: Flush | NewWords
    sent: bool = False


class Recording:
    """A stream's audio and what was said between, from the first window on that is not handed on yet.

    One task puts in what the source says and waits where there is no room; another takes what is to be
    sent next and waits for news. `rewind` lets the latter begin again at a sample.
    """

    def __init__(self, start: Start, keep_s: float = KEEP_S) -> None:
        self._frame_bytes = SAMPLE_BYTES[start.encoding] * start.channels
        self._room = int(keep_s * start.sample_rate) * self._frame_bytes
        self._audio = bytearray()
        self._begin = self._cursor = 0
        self._text = start.text
        self._said: list[_Said] = []
        self._has_ended = self._end_is_sent = False
        self._freed, self._news = asyncio.Event(), asyncio.Event()

    @property
    def samples(self) -> int:
        """How many samples the source has given."""
        return (self._begin + len(self._audio)) // self._frame_bytes

    @property
    def sent(self) -> int:
        """The index behind the last sample that was sent since the last rewind."""
        return self._cursor // self._frame_bytes

    @property
    def has_ended(self) -> bool:
        """Whether the source has ended."""
        return self._has_ended

    @property
    def end_is_sent(self) -> bool:
        """Whether all was sent since the last rewind."""
        return self._end_is_sent

    async def put(self, item: bytes | Flush | NewWords) -> None:
        """Keep what the source said, when there is room for it."""
        await asyncio.sleep(0)  # a source that never waits would let nobody else run
        if isinstance(item, Flush | NewWords):
            await self._wait_for_room()
            self._said.append(_Said(self._begin + len(self._audio), item))
            self._news.set()
            return
        data = memoryview(item)
        for at in range(0, len(data), FRAME):
            await self._wait_for_room()
            self._audio += data[at : at + FRAME]
            self._news.set()

    def end(self) -> None:
        """The source has ended."""
        self._has_ended = True
        self._news.set()

    async def take(self) -> bytes | Flush | NewWords | End:
        """What is to be sent next; nothing follows `End`."""
        while (item := self._next()) is None:
            self._news.clear()
            await self._news.wait()
        return item

    def rewind(self, sample: int) -> str:
        """Send everything from a sample on again; the words in force there."""
        self._cursor = sample * self._frame_bytes
        self._end_is_sent = False
        for said in self._said:
            said.sent = said.at < self._cursor
        return self._words(self._cursor)

    def answered_flush(self) -> None:
        """The oldest flush is not to be sent again."""
        for index, said in enumerate(self._said):
            if said.sent and isinstance(said.message, Flush):
                del self._said[index]
                return

    def forget(self, sample: int) -> None:
        """Nothing before a sample that was sent will be sent again."""
        at = sample * self._frame_bytes
        self._text = self._words(at)
        self._said = [said for said in self._said if said.at >= at]
        del self._audio[: at - self._begin]
        self._begin = at
        self._freed.set()

    async def _wait_for_room(self) -> None:
        while self._is_full():
            self._freed.clear()
            await self._freed.wait()

    def _is_full(self) -> bool:
        unsent = sum(not said.sent for said in self._said)
        return len(self._audio) >= self._room or unsent >= MOST_UNSENT

    def _next(self) -> bytes | Flush | NewWords | End | None:
        said = next((said for said in self._said if not said.sent), None)
        begins = self._cursor - self._begin
        ends = len(self._audio) if said is None else said.at - self._begin
        if begins < ends:
            piece = bytes(self._audio[begins : min(ends, begins + FRAME)])
            self._cursor += len(piece)
            return piece
        if said is not None:
            said.sent = True
            self._freed.set()
            return said.message
        if self._has_ended and not self._end_is_sent:
            self._end_is_sent = True
            return End()
        return None

    def _words(self, at: int) -> str:
        """The words that were said last before a byte."""
        before = [
            said.message.text
            for said in self._said
            if said.at < at and isinstance(said.message, NewWords)
        ]
        return before[-1] if before else self._text
