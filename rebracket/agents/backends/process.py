"""Analyses in this process, with an exported model and without a server."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Self
from uuid import uuid4

from rebracket.agents.backends import Outcome, Reading
from rebracket.errors import RequestError
from rebracket.schemas import Segment

if TYPE_CHECKING:
    from rebracket.inference.predictor import Predictor


class ProcessBackend:
    """Reads segments side by side, each alone, as the service does."""

    def __init__(self, predictor: "Predictor", *, parallel_runs: int = 1) -> None:
        self._predictor = predictor
        self._pool = ThreadPoolExecutor(parallel_runs, thread_name_prefix="analyzer")

    @classmethod
    def load(cls, model: str | None = None) -> Self:
        """Load the model that a store tag or path names, by default the settings' model.

        Raises:
            ModelNotFound: there is none; says what is there instead.
            ModelIncompatible: it is not an exported model of this format.
            ConfigError: the settings can't be used.
        """
        from rebracket.config import available_cores, load_settings
        from rebracket.inference.predictor import Predictor
        from rebracket.registry import resolve

        deployment = load_settings().deployment
        exported = resolve(model or deployment.model_path)
        predictor = Predictor.load(exported, deployment.optimization.quantization)
        return cls(predictor, parallel_runs=available_cores())

    def read(self, segments: Sequence[Segment]) -> list[Outcome]:
        """Read, and block until all are read."""
        return list(self._pool.map(self._read, segments))

    async def aread(self, segments: Sequence[Segment]) -> list[Outcome]:
        """Read without blocking the loop."""
        loop = asyncio.get_running_loop()
        runs = [loop.run_in_executor(self._pool, self._read, segment) for segment in segments]
        return await asyncio.gather(*runs)

    def _read(self, segment: Segment) -> Outcome:
        try:
            return Reading(self._predictor.predict(segment), request_id=uuid4().hex)
        except RequestError as error:
            return error

    def close(self) -> None:
        """Let running predictions end and drop those not begun."""
        self._pool.shutdown(cancel_futures=True)

    async def aclose(self) -> None:
        """As `close`, without blocking the loop."""
        await asyncio.to_thread(self.close)
