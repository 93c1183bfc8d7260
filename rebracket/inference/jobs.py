"""What waits and what runs: requests, their segments, and the windows of those."""

import asyncio
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from time import perf_counter

from rebracket.inference.engine import Scores, pooled
from rebracket.inference.material import EncoderName, Material
from rebracket.segment.window import Window


@dataclass(frozen=True, slots=True)
class Reading:
    """Raw scores of one segment's parts, and the seconds that it waited and was computed."""

    scores: dict[EncoderName, Scores]
    queue_s: float
    compute_s: float


@dataclass(eq=False, slots=True)
class Request:
    """What one caller asked for at once; `caller` is whose turn it takes."""

    caller: Hashable
    begun: bool = False


class Job:
    """One segment on its way: `answer` is set when its last window was read, or the first failed."""

    __slots__ = (
        "_began",
        "_left",
        "_queued",
        "_scores",
        "answer",
        "engines",
        "material",
        "request",
    )

    def __init__(
        self, request: Request, engines: Mapping[EncoderName, Hashable], material: Material
    ) -> None:
        self.request = request
        self.engines = engines
        self.material = material
        self.answer: asyncio.Future[Reading] = asyncio.get_running_loop().create_future()
        self._scores: dict[EncoderName, list[Scores | None]] = {
            encoder: [None] * len(part.windows) for encoder, part in material.parts.items()
        }
        self._left = sum(map(len, self._scores.values()))
        self._queued = perf_counter()
        self._began: float | None = None

    def units(self) -> "list[Unit]":
        """Its windows, each alone."""
        return [
            Unit(self, encoder, index, window, window.work)
            for encoder, part in self.material.parts.items()
            for index, window in enumerate(part.windows)
        ]

    def begin(self) -> None:
        """A window of it goes to a lane."""
        self.request.begun = True
        self._began = self._began or perf_counter()

    def finish(self, unit: "Unit", scores: Scores) -> None:
        """A window was read."""
        if self.answer.done():
            return
        self._scores[unit.encoder][unit.index] = scores
        self._left -= 1
        if not self._left:
            assert self._began is not None
            self.answer.set_result(
                Reading(
                    {encoder: self._pooled(encoder) for encoder in self._scores},
                    queue_s=self._began - self._queued,
                    compute_s=perf_counter() - self._began,
                )
            )

    def _pooled(self, encoder: EncoderName) -> Scores:
        found = [item for item in self._scores[encoder] if item is not None]
        return pooled(self.material.parts[encoder].weights, found)

    def fail(self, error: Exception) -> None:
        """A window could not be read, or never will be."""
        if not self.answer.done():
            self.answer.set_exception(error)


@dataclass(eq=False, slots=True)
class Unit:
    """One window of a job, by its encoder and its place there: what a lane reads at once."""

    job: Job
    encoder: EncoderName
    index: int
    window: Window
    work: int

    @property
    def engine(self) -> Hashable:
        """What reads it."""
        return self.job.engines[self.encoder]
