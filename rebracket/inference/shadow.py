"""A version that reads what others answer: its predictions are kept, never sent."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from rebracket.config import SHADOW
from rebracket.errors import RequestError
from rebracket.monitoring.metrics import DROPPED_ITEMS
from rebracket.schemas import Segment

logger = logging.getLogger(__name__)

AT_ONCE = 16
"""Requests that it reads side by side; it leaves out more."""

MUSIC_BYTES = 32 * 2**20
"""Music that these may hold together; it leaves out more."""

Read = Callable[[Sequence[Segment]], Awaitable[object]]


class Shadow:
    """Follows requests that were answered; never in the way of one that waits."""

    def __init__(self, read: Read, *, is_idle: Callable[[], bool]) -> None:
        self._read = read
        self._is_idle = is_idle
        self._tasks: set[asyncio.Task[None]] = set()
        self._held = 0

    def follow(self, segments: Sequence[Segment]) -> None:
        """Read these too, unless there is other work to do."""
        music = sum(len(s.midi or b"") + len(s.audio or b"") for s in segments)
        full = len(self._tasks) >= AT_ONCE or self._held + music > MUSIC_BYTES
        if full or not self._is_idle():
            DROPPED_ITEMS.labels(reason=SHADOW).inc(len(segments))
            return
        self._held += music
        task = asyncio.create_task(self._follow(segments))
        self._tasks.add(task)
        task.add_done_callback(lambda task: self._forget(task, music))

    def _forget(self, task: asyncio.Task[None], music: int) -> None:
        self._tasks.discard(task)
        self._held -= music

    async def _follow(self, segments: Sequence[Segment]) -> None:
        try:
            await self._read(segments)
        except RequestError:
            DROPPED_ITEMS.labels(reason=SHADOW).inc(len(segments))
        except Exception:
            logger.exception("the shadow failed")

    async def close(self) -> None:
        """Let what was begun end."""
        await asyncio.gather(*self._tasks)
