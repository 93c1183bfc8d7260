"""What waits and what runs: requests, their segments, and the windows of those."""

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass
from time import perf_counter

from rebracket.inference.engine import Scores, pooled
from rebracket.segment.text import Windows


@dataclass(frozen=True, slots=True)
class Reading:
    """One segment's raw scores, and the seconds that it waited and was computed."""

    scores: Scores
    queue_s: float
    compute_s: float


@dataclass(eq=False, slots=True)
class Request:
    """What one caller asked for at once; `caller` is whose turn it takes."""

    caller: Hashable
    begun: bool = False


class Job:
    """One segment on its way: `answer` is set when its last window was read, or the first failed."""

    __slots__ = ("_began", "_left", "_queued", "_scores", "answer", "engine", "request", "windows")

    def __init__(self, request: Request, engine: Hashable, windows: Windows) -> None:
        self.request = request
        self.engine = engine
        self.windows = windows
        self.answer: asyncio.Future[Reading] = asyncio.get_running_loop().create_future()
        self._left = len(windows.ids)
        self._scores: list[Scores | None] = [None] * self._left
        self._queued = perf_counter()
        self._began: float | None = None

    def units(self) -> "list[Unit]":
        """Its windows, each alone."""
        if self._left == 1:
            return [Unit(self, 0, self.windows, self.windows.tokens)]
        alone = self.windows.alone()
        return [Unit(self, index, window, window.tokens) for index, window in enumerate(alone)]

    def begin(self) -> None:
        """A window of it goes to a lane."""
        self.request.begun = True
        self._began = self._began or perf_counter()

    def finish(self, index: int, scores: Scores) -> None:
        """A window was read."""
        if self.answer.done():
            return
        self._scores[index] = scores
        self._left -= 1
        if not self._left:
            assert self._began is not None
            found = [item for item in self._scores if item is not None]
            self.answer.set_result(
                Reading(
                    pooled(self.windows.pool[0], found),
                    queue_s=self._began - self._queued,
                    compute_s=perf_counter() - self._began,
                )
            )

    def fail(self, error: Exception) -> None:
        """A window could not be read, or never will be."""
        if not self.answer.done():
            self.answer.set_exception(error)


@dataclass(eq=False, slots=True)
class Unit:
    """One window of a job: what a lane reads at once; `work` is its tokens."""

    job: Job
    index: int
    windows: Windows
    work: int
