"""Runs predictions beside the event loop, as many at once as there are cores for them."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from rebracket.errors import RequestError
from rebracket.inference.predictor import Predictor
from rebracket.schemas import Prediction, Segment


class Runner:
    """A thread per parallel run; each segment is computed alone.

    Segments are not padded into batches: on a CPU a batch makes this encoder no cheaper, padding
    wastes work, and dynamically quantized models would answer differently beside other texts.
    """

    def __init__(self, predictor: Predictor, *, parallel_runs: int) -> None:
        self.predictor = predictor
        self._pool = ThreadPoolExecutor(parallel_runs, thread_name_prefix="inference")

    async def predict(self, segment: Segment, *, path: tuple[str | int, ...] = ()) -> Prediction:
        """Read one segment; work that no thread has begun is dropped when the caller is gone."""
        call = self._pool.submit(self.predictor.predict, segment, path=path)
        return await asyncio.wrap_future(call)

    async def predict_all(self, segments: Sequence[Segment]) -> list[Prediction | RequestError]:
        """Read many; an item that can't be read has its error in its place."""
        calls = (
            self.predict(segment, path=("segments", index))
            for index, segment in enumerate(segments)
        )
        answers: list[Prediction | RequestError] = []
        for answer in await asyncio.gather(*calls, return_exceptions=True):
            if isinstance(answer, BaseException) and not isinstance(answer, RequestError):
                raise answer
            answers.append(answer)
        return answers

    def close(self) -> None:
        """Wait for running predictions and drop those not begun."""
        self._pool.shutdown(cancel_futures=True)
