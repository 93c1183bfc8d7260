"""Runs predictions beside the event loop, as many at once as there are cores for them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from time import perf_counter
from typing import TypeVar

from rebracket.errors import RequestError
from rebracket.inference.predictor import Predictor
from rebracket.inference.timing import Timing
from rebracket.monitoring.metrics import BATCH_ITEMS, QUEUE_ITEMS
from rebracket.schemas import Prediction, Segment
from rebracket.segment.text import Windows

T = TypeVar("T")
Admit = Callable[[int], None]
"""Is told how many tokens a request holds before they are computed; raises to refuse it."""
Observe = Callable[[Segment, Windows, Prediction, Timing], None]
"""Is told of each segment that was read, by the thread that read it."""


def admit_all(_: int) -> None:
    """Refuses nothing."""


def unobserved(_: Segment, __: Windows, ___: Prediction, ____: Timing) -> None:
    """Tells nobody."""


class Runner:
    """A thread per parallel run, for all models of a worker; each segment is computed alone.

    Segments are not padded into batches: on a CPU a batch makes this encoder no cheaper, padding
    wastes work, and dynamically quantized models would answer differently beside other texts.
    """

    def __init__(self, *, parallel_runs: int) -> None:
        self._pool = ThreadPoolExecutor(parallel_runs, thread_name_prefix="inference")

    async def predict(
        self,
        predictor: Predictor,
        segment: Segment,
        *,
        admit: Admit = admit_all,
        observe: Observe = unobserved,
    ) -> Prediction:
        """Read one segment; work that no thread has begun is dropped when the caller is gone."""
        arrived = perf_counter()

        def read() -> Prediction:
            started = perf_counter()
            windows = predictor.encode(segment)
            decode_s = perf_counter() - started
            admit(windows.tokens)
            waited_s = started - arrived
            return _read(predictor, segment, windows, (decode_s, waited_s), observe)

        return await self._run(read)

    async def predict_all(
        self,
        predictor: Predictor,
        segments: Sequence[Segment],
        *,
        admit: Admit = admit_all,
        observe: Observe = unobserved,
    ) -> list[Prediction | RequestError]:
        """Read many, admitted together; an item that can't be read has its error in its place."""

        def encode(segment: Segment, index: int) -> tuple[Windows, float]:
            started = perf_counter()
            windows = predictor.encode(segment, path=("segments", index))
            return windows, perf_counter() - started

        encoded = await self._gather(
            self._run(encode, segment, index) for index, segment in enumerate(segments)
        )
        tokens = sum(item[0].tokens for item in encoded if not isinstance(item, RequestError))
        await self._run(admit, tokens)
        queued = perf_counter()

        def read(segment: Segment, item: tuple[Windows, float] | RequestError) -> Prediction:
            if isinstance(item, RequestError):
                raise item
            windows, decode_s = item
            waited_s = perf_counter() - queued
            return _read(predictor, segment, windows, (decode_s, waited_s), observe)

        return await self._gather(
            self._run(read, segment, item) for segment, item in zip(segments, encoded, strict=True)
        )

    async def _run(self, function: Callable[..., T], *arguments: object) -> T:
        def begin() -> T:
            QUEUE_ITEMS.dec()
            return function(*arguments)

        QUEUE_ITEMS.inc()
        future = self._pool.submit(begin)
        future.add_done_callback(_leave_queue)
        return await asyncio.wrap_future(future)

    async def _gather(self, calls: Iterable[Awaitable[T]]) -> list[T | RequestError]:
        """All results in order, with request errors in their places."""
        answers: list[T | RequestError] = []
        for answer in await asyncio.gather(*calls, return_exceptions=True):
            if isinstance(answer, BaseException) and not isinstance(answer, RequestError):
                raise answer
            answers.append(answer)
        return answers

    def close(self) -> None:
        """Wait for running predictions and drop those not begun."""
        self._pool.shutdown(cancel_futures=True)


def _leave_queue(future: Future[T]) -> None:
    """What was cancelled never began."""
    if future.cancelled():
        QUEUE_ITEMS.dec()


def _read(
    predictor: Predictor,
    segment: Segment,
    windows: Windows,
    before: tuple[float, float],
    observe: Observe,
) -> Prediction:
    """Compute and answer; `before` holds the seconds of decoding and waiting."""
    BATCH_ITEMS.observe(1)
    started = perf_counter()
    scores = predictor.engine.read(windows)
    timing = Timing(*before, compute_s=perf_counter() - started)
    prediction = predictor.answer(segment, windows, scores, started - timing.decode_s)
    observe(segment, windows, prediction, timing)
    return prediction
