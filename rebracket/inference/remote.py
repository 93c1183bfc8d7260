"""The engine in a BentoML service of its own: many API workers, one process that computes.

Windows go there one by one; BentoML's dispatcher makes batches of what the API workers send. Fairness,
bounds and time limits stay with the workers' dispatchers, before anything is sent.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bentoml
import numpy as np
from _bentoml_impl.server.app import ServiceAppFactory
from _bentoml_sdk import Service as BentoService
from bentoml._internal.marshal.dispatcher import NonBlockSema
from starlette.applications import Starlette

from rebracket.config import Batching, settings
from rebracket.inference.dispatcher import Dispatcher
from rebracket.inference.engine import Engine, Scores
from rebracket.inference.fairness import FairQueue
from rebracket.inference.jobs import Job, Request, Unit
from rebracket.inference.lanes import Done, Outcome, lanes_of
from rebracket.inference.material import EncoderName, Material, Part
from rebracket.inference.predictor import load_engines
from rebracket.inference.products import one_thread
from rebracket.parent import end_with_parent
from rebracket.registry import ExportedModel, read_exported, resolve
from rebracket.segment.text import Windows
from rebracket.segment.window import MusicWindow, Steps, Window

FOR_EVER = 10**9
"""BentoML closes its client every 100 calls, under those in flight (bentoml issue 5540)."""

SPARE_ENGINES = 2
"""Kept after a switch, for requests under way and for a rollback."""

deployment = settings().deployment


class Factory(ServiceAppFactory):  # type: ignore[misc]  # its package is untyped
    """BentoML's application, whose batches don't wait for one another: lanes do the queueing.

    As BentoML has it, one batch runs at a time, and a lone request waits for company as long as others
    lately waited: 80 ms after a busy time.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for dispatcher in self.dispatchers.values():
            dispatcher._sema = NonBlockSema(FOR_EVER)


class Host(BentoService[Any]):  # type: ignore[misc]
    """A BentoML service whose application `Factory` builds."""

    def to_asgi(self, is_main: bool = True) -> Starlette:
        """The ASGI application of one worker."""
        end_with_parent()
        self.inject_config()
        one_thread()
        app: Starlette = Factory(self, is_main=is_main)()
        return app


@bentoml.service(
    name="rebracket-engine",
    service_class=Host,
    workers=1,
    traffic={"timeout": deployment.api.timeout_s},
    runner_connection={"max_requests": FOR_EVER, "max_age": float(FOR_EVER)},
    logging={"access": {"enabled": False}},
)
class EngineService:
    """Computes windows for API workers that hold no model."""

    def __init__(self) -> None:
        self._engines: OrderedDict[str, dict[EncoderName, Engine]] = OrderedDict()
        self._loading = asyncio.Lock()
        for reference in deployment.references:
            model = resolve(reference)
            self._engines[str(model.path)] = _load(model)
        alone = deployment.model_copy(update={"workers": 1})
        self.dispatcher = Dispatcher(lanes_of(alone), Batching(max_queue=FOR_EVER))

    @bentoml.api(
        batchable=True,
        max_batch_size=deployment.batching.max_batch_size,
        # What waits too long is refused by the worker that asks.
        max_latency_ms=int(deployment.api.timeout_s * 1000),
    )
    async def read(self, windows: list[Any]) -> list[Any]:
        """The scores of each packed window, packed, or what its failure says, in its place."""
        request = Request(None)
        jobs = []
        for path, encoder, *packed in windows:
            part = Part([unpack_window(encoder, *packed)], np.ones(1, dtype=np.float32))
            jobs.append(Job(request, await self._of(path), Material({encoder: part})))
        self.dispatcher.submit(request, jobs)
        found = await asyncio.gather(*(job.answer for job in jobs), return_exceptions=True)
        return [
            repr(item) if isinstance(item, BaseException) else pack_scores(*item.scores.values())
            for item in found
        ]

    async def _of(self, path: str) -> dict[EncoderName, Engine]:
        """Those of the exported model in a folder, which a worker has checked; the last few are kept."""
        if path not in self._engines:
            async with self._loading:
                if path not in self._engines:
                    self._engines[path] = await asyncio.to_thread(_load, read_exported(Path(path)))
                    while len(self._engines) > len(deployment.references) + SPARE_ENGINES:
                        self._engines.popitem(last=False)
        self._engines.move_to_end(path)
        return self._engines[path]

    @bentoml.on_shutdown
    async def close(self) -> None:
        """Let what was taken end."""
        await self.dispatcher.close()


def _load(model: ExportedModel) -> dict[EncoderName, Engine]:
    return load_engines(model, deployment.optimization.quantization, deployment.engine)


class ServiceLanes:
    """Each run is a call to `EngineService`, as many side by side as it takes into a batch."""

    def __init__(self, engines: Any, *, max_batch_size: int) -> None:
        self.count = max_batch_size
        self._engines = getattr(engines, "to_async", engines)  # in one process, the plain object
        self._calls: set[asyncio.Task[None]] = set()

    def next_run(self, queue: FairQueue[Unit]) -> list[Unit]:
        """One unit."""
        return [queue.take()] if queue else []

    def start(self, units: Sequence[Unit], done: Done) -> None:
        """Send."""
        call = asyncio.get_running_loop().create_task(self._call(units, done))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)

    async def _call(self, units: Sequence[Unit], done: Done) -> None:
        found: list[Outcome]
        try:
            packed = await self._engines.read([await _packed(unit) for unit in units])
            assert len(packed) == len(units), "an answer for each, or callers get others' answers"
            found = [unpack_scores(item) for item in packed]
        except Exception as error:  # noqa: BLE001 - whatever it was, those who wait are told
            found = [error] * len(units)
        done(units, found)

    async def close(self) -> None:
        """Wait for calls under way."""
        await asyncio.gather(*self._calls, return_exceptions=True)


async def _packed(unit: Unit) -> tuple[Any, ...]:
    """Where a unit is to be read, by which encoder, and its window."""
    if unit.encoder == "words":
        return (unit.engine, unit.encoder, *pack_window(unit.window))
    return (unit.engine, unit.encoder, *await asyncio.to_thread(pack_window, unit.window))


Packed = tuple[list[int], int] | tuple[str, tuple[int, ...], bytes]
"""A window's tokens and field, or the name, shape and bytes of its features: what BentoML passes on
unchanged."""


def pack_window(window: Window) -> Packed:
    """One lone window."""
    if isinstance(window, Windows):
        return window.ids[0].tolist(), int(window.fields[0])
    assert isinstance(window, MusicWindow | Steps)
    steps = window.steps()
    return steps.name, steps.features.shape[1:], steps.features.tobytes()


def unpack_window(encoder: EncoderName, *packed: Any) -> Window:
    """What `pack_window` packed."""
    if encoder != "words":
        name, shape, data = packed
        return Steps.of(name, np.frombuffer(data, dtype=np.float32).reshape(shape))
    tokens, field = packed
    ids = np.array([tokens], dtype=np.int64)
    return Windows(
        ids=ids,
        mask=np.ones_like(ids),
        fields=np.array([field], dtype=np.int64),
        pool=np.ones((1, 1), dtype=np.float32),
    )


def pack_scores(scores: Scores) -> tuple[list[float], float]:
    """One segment's."""
    return scores.logits[0].tolist(), float(scores.intensity[0])


def unpack_scores(packed: Any) -> Outcome:
    """What `pack_scores` packed, or the failure that stands in its place."""
    if isinstance(packed, str):
        return EngineFailed(packed)
    logits, intensity = packed
    return Scores(
        logits=np.array([logits], dtype=np.float32),
        intensity=np.array([intensity], dtype=np.float32),
    )


class EngineFailed(Exception):
    """The engine's process could not read a window."""
