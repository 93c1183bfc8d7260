"""Runs predictions beside the event loop, as many at once as there are cores for them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import perf_counter
from typing import TypeVar

from rebracket.errors import RequestError
from rebracket.inference.predictor import Predictor
from rebracket.schemas import Prediction, Segment
from rebracket.segment.text import Windows

T = TypeVar("T")
Admit = Callable[[int], None]
"""Is told how many tokens a request holds before they are computed; raises to refuse it."""


def admit_all(_: int) -> None:
    """Refuses nothing."""


class Runner:
    """A thread per parallel run, for all models of a worker; each segment is computed alone.

    Segments are not padded into batches: on a CPU a batch makes this encoder no cheaper, padding
    wastes work, and dynamically quantized models would answer differently beside other texts.
    """

    def __init__(self, *, parallel_runs: int) -> None:
        self._pool = ThreadPoolExecutor(parallel_runs, thread_name_prefix="inference")

    async def predict(
        self, predictor: Predictor, segment: Segment, *, admit: Admit = admit_all
    ) -> Prediction:
        """Read one segment; work that no thread has begun is dropped when the caller is gone."""

        def read() -> Prediction:
            started = perf_counter()
            windows = predictor.encode(segment)
            admit(windows.tokens)
            return _read(predictor, segment, windows, started)

        return await self._run(read)

    async def predict_all(
        self, predictor: Predictor, segments: Sequence[Segment], *, admit: Admit = admit_all
    ) -> list[Prediction | RequestError]:
        """Read many, admitted together; an item that can't be read has its error in its place."""
        encoded = await self._gather(
            self._run(partial(predictor.encode, segment, path=("segments", index)))
            for index, segment in enumerate(segments)
        )
        tokens = sum(windows.tokens for windows in encoded if isinstance(windows, Windows))
        await self._run(admit, tokens)

        def read(segment: Segment, windows: Windows | RequestError) -> Prediction:
            if isinstance(windows, RequestError):
                raise windows
            return _read(predictor, segment, windows, perf_counter())

        return await self._gather(
            self._run(read, segment, windows)
            for segment, windows in zip(segments, encoded, strict=True)
        )

    async def _run(self, function: Callable[..., T], *arguments: object) -> T:
        return await asyncio.wrap_future(self._pool.submit(function, *arguments))

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


def _read(predictor: Predictor, segment: Segment, windows: Windows, started: float) -> Prediction:
    return predictor.answer(segment, predictor.engine.read(windows), started)
