"""Segments → predictions beside the event loop: encode, admit, wait for a lane, answer."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from time import perf_counter

from rebracket.config import Batching, available_cores
from rebracket.errors import RequestError, Unavailable
from rebracket.inference.dispatcher import Dispatcher
from rebracket.inference.jobs import Job, Reading, Request
from rebracket.inference.lanes import Lanes
from rebracket.inference.material import Material
from rebracket.inference.predictor import Path, Reader
from rebracket.inference.timing import Timing
from rebracket.schemas import Prediction, Segment

SHORT = 4000
"""Characters that are encoded on the event loop, in a millisecond: a hop to a thread costs more."""

Admit = Callable[[int], Awaitable[None]]
"""Is told how much work a request is, in tokens, before it is computed; raises to refuse it."""
Observe = Callable[[Segment, Material, Prediction, Timing], None]
"""Is told of each segment that was read."""


async def admit_all(_: int) -> None:
    """Refuses nothing."""


def unobserved(_: Segment, __: Material, ___: Prediction, ____: Timing) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True)
class Item:
    """A segment as arrays, and the seconds that this took."""

    segment: Segment
    material: Material
    decode_s: float


class Runner:
    """Reads segments with any model of a worker, on lanes that all of them share.

    A segment's windows are computed alone on a CPU: a batch makes this encoder no cheaper there,
    padding wastes work, and dynamically quantized models would answer differently beside other texts.
    """

    def __init__(self, lanes: Lanes, limits: Batching) -> None:
        self._dispatcher = Dispatcher(lanes, limits)
        self._threads = min(lanes.count, available_cores())
        self._max_wait_s = limits.max_latency_ms / 1000

    async def predict(
        self,
        reader: Reader,
        segment: Segment,
        *,
        caller: Hashable = None,
        admit: Admit = admit_all,
        observe: Observe = unobserved,
    ) -> Prediction:
        """Read one segment; what has not begun when the task is cancelled is never computed.

        Raises:
            InvalidRequest: there is nothing to read.
            Unavailable: too much waits, or this has waited for `max_latency_ms`.
        """
        (item,) = await self._encode(reader, [segment], paths=[()])
        if isinstance(item, RequestError):
            raise item
        await admit(item.material.work)
        with self._submitted(reader, caller, [item.material]) as (job,):
            return await _answer(reader, item, job, observe)

    async def predict_all(
        self,
        reader: Reader,
        segments: Sequence[Segment],
        *,
        caller: Hashable = None,
        admit: Admit = admit_all,
        observe: Observe = unobserved,
    ) -> list[Prediction | Exception]:
        """Read many, admitted together; what went wrong with one stands in its place.

        Raises:
            Unavailable: too much waits, or this has waited for `max_latency_ms`.
        """
        paths = [("segments", index) for index in range(len(segments))]
        encoded = await self._encode(reader, segments, paths=paths)
        items = [item for item in encoded if isinstance(item, Item)]
        await admit(sum(item.material.work for item in items))
        materials = [item.material for item in items]
        with self._submitted(reader, caller, materials) as jobs:
            # Each is answered while lanes compute the others.
            calls = [
                _answer(reader, item, job, observe) for item, job in zip(items, jobs, strict=True)
            ]
            found = await asyncio.gather(*calls, return_exceptions=True)
        answers = iter([_told(outcome) for outcome in found])
        return [next(answers) if isinstance(item, Item) else item for item in encoded]

    async def _encode(
        self, reader: Reader, segments: Sequence[Segment], *, paths: Sequence[Path]
    ) -> list[Item | RequestError]:
        """Each segment as arrays, or what is wrong with it; much text, and all music, is read by threads."""

        def encode(part: slice) -> list[Item | RequestError]:
            pairs = zip(segments[part], paths[part], strict=True)
            return [_item(reader, segment, path) for segment, path in pairs]

        if _is_short(segments):
            return encode(slice(None))
        size = ceil(len(segments) / self._threads)
        parts = [slice(start, start + size) for start in range(0, len(segments), size)]
        found = await asyncio.gather(*(asyncio.to_thread(encode, part) for part in parts))
        return [item for items in found for item in items]

    async def score(
        self, reader: Reader, material: Material, *, caller: Hashable, admit: Admit
    ) -> Reading:
        """The raw scores of what has been encoded.

        Raises:
            Unavailable: too much waits, or this has waited for `max_latency_ms`.
        """
        await admit(material.work)
        with self._submitted(reader, caller, [material]) as (job,):
            return await job.answer

    @contextmanager
    def _submitted(
        self, reader: Reader, caller: Hashable, materials: Sequence[Material]
    ) -> Iterator[list[Job]]:
        """Queue a job each; refuse them if none begins in time, drop them if they are abandoned."""
        request = Request(caller)
        jobs = [Job(request, reader.engines, material) for material in materials]
        self._dispatcher.submit(request, jobs)

        def refuse() -> None:
            if not request.begun:
                error = self._dispatcher.overloaded()
                self._dispatcher.drop(request, "expired")
                for job in jobs:
                    job.fail(error)

        timer = asyncio.get_running_loop().call_later(self._max_wait_s, refuse)
        try:
            yield jobs
        except asyncio.CancelledError:
            self._dispatcher.drop(request, "abandoned")
            raise
        finally:
            timer.cancel()

    def is_idle(self) -> bool:
        """Whether nothing waits."""
        return self._dispatcher.is_idle

    async def close(self) -> None:
        """Let what was taken end; take nothing more."""
        await self._dispatcher.close()


async def _answer(reader: Reader, item: Item, job: Job, observe: Observe) -> Prediction:
    reading = await job.answer
    timing = Timing(item.decode_s, reading.queue_s, reading.compute_s)
    prediction = reader.answer(item.segment, item.material, reading.scores, timing)
    observe(item.segment, item.material, prediction, timing)
    return prediction


def _told(outcome: Prediction | BaseException) -> Prediction | Exception:
    """What stands in an item's place; the whole batch is refused with its first one."""
    if isinstance(outcome, Unavailable):
        raise outcome
    assert isinstance(outcome, Prediction | Exception)
    return outcome


def _is_short(segments: Sequence[Segment]) -> bool:
    if any(segment.midi or segment.audio for segment in segments):
        return False
    return sum(len(s.text or "") + len(s.lyrics or "") for s in segments) <= SHORT


def _item(reader: Reader, segment: Segment, path: Path) -> Item | RequestError:
    started = perf_counter()
    try:
        material = reader.encode(segment, path=path)
    except RequestError as error:
        return error
    return Item(segment, material, perf_counter() - started)
