"""What a worker has, and what it does with it: everything behind the routes of `service.py`.

The process above the workers reads `service.py` too, and loads nothing of this.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from time import monotonic, time
from typing import Any

from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from rebracket import __version__
from rebracket.conditioning import Conditioning, GeneratedSegment
from rebracket.config import SHADOW, Deployment
from rebracket.durations import duration
from rebracket.errors import FieldError, InvalidRequest, ReloadRefused, StoreError
from rebracket.gateway import caller, draining, problems
from rebracket.gateway.live import body, socket
from rebracket.gateway.live.seats import Seats
from rebracket.gateway.live.session import Host
from rebracket.generation.maker import Maker
from rebracket.generation.studio import Studio
from rebracket.inference.collector import quiet_collector
from rebracket.inference.lanes import Lanes, lanes_of
from rebracket.inference.predictor import Predictor, Quantization, Reader
from rebracket.inference.runner import Runner
from rebracket.inference.shadow import Shadow
from rebracket.inference.turns import short_turns
from rebracket.inference.versions import Load, Versions
from rebracket.monitoring import experiments, trace
from rebracket.monitoring.drift import DriftWatch
from rebracket.monitoring.monitor import Monitor
from rebracket.registry import ExportedModel, reloads
from rebracket.schemas import (
    ExperimentReport,
    Health,
    ItemError,
    ModelInfo,
    ModelList,
    Prediction,
    PredictionBatch,
    Segment,
    SegmentBatch,
)


class Worker:
    """Built once a worker: all models are loaded then."""

    def __init__(self, deployment: Deployment, engines: Any = None) -> None:
        """`engines` is BentoML's handle of `EngineService`, where the models are computed there."""
        self._deployment = deployment
        self.started = monotonic()
        load, lanes = _home(deployment, engines)
        self.versions = Versions(deployment, lambda model: load(model).with_generator())
        self.monitor = Monitor(deployment.monitoring)
        self.drift = DriftWatch(
            self.monitor.store,
            deployment.monitoring.drift,
            lambda: [
                (reader.ref, reader.model.manifest.baseline)
                for reader in self.versions.router.readers
            ],
        )
        self.runner = Runner(lanes, deployment.batching)
        self.studio = Studio(deployment.generation)
        self.maker = Maker(self.studio, self.runner, guidance=deployment.generation.guidance)
        self.shadow = Shadow(self._read_along, is_idle=self.runner.is_idle)
        streaming = deployment.streaming
        self.live = Host(
            runner=self.runner,
            monitor=self.monitor,
            choose=self._reader,
            seats=Seats(streaming.streams(deployment.workers), max_lag_ms=streaming.max_lag_ms),
            settings=streaming,
            origins=deployment.api.cors_origins,
        )
        quiet_collector()
        short_turns()

    def _reader(self) -> Reader:
        """The version that reads for whoever asks."""
        return self.versions.router.reader(trace.current().subject, version=caller.version())

    def _shadow(self, segments: Sequence[Segment]) -> None:
        if self.versions.router.shadow is not None:
            self.shadow.follow(segments)

    async def _read_along(self, segments: Sequence[Segment]) -> None:
        reader = self.versions.router.shadow
        if reader is not None:
            trace.begin(replace(trace.current()))  # the request's own is being logged
            with self.monitor.request(reader) as observe:
                await self.runner.predict_all(reader, segments, caller=SHADOW, observe=observe)

    async def predict(self, segment: Segment) -> Prediction:
        """Read one segment."""
        reader = self._reader()
        with self.monitor.request(reader) as observe:
            answer = await self.runner.predict(
                reader,
                segment,
                caller=caller.subject(),
                admit=caller.charge_work,
                observe=observe,
            )
        self._shadow([segment])
        return answer

    async def predict_batch(self, batch: SegmentBatch) -> PredictionBatch:
        """Read up to 256 segments; answers come in the same order."""
        reader = self._reader()
        with self.monitor.request(reader) as observe:
            answers = await self.runner.predict_all(
                reader,
                batch.segments,
                caller=caller.subject(),
                admit=caller.charge_work,
                observe=observe,
            )
            observe.items_failed(answers)
        self._shadow(batch.segments)
        items = [
            answer
            if isinstance(answer, Prediction)
            else ItemError(index=index, error=problems.of_item(answer))
            for index, answer in enumerate(answers)
        ]
        errors = sum(isinstance(item, ItemError) for item in items)
        return PredictionBatch(predictions=items, errors=errors)

    async def generate(self, asked: Conditioning) -> GeneratedSegment:
        """Write a segment that is read as what was asked for."""
        reader = self._reader()
        with self.monitor.request(reader) as observe:
            answer = await self.maker.make(
                reader, asked, caller=caller.subject(), admit=caller.charge_work
            )
            observe.generated(asked, answer)
        return answer

    def health(self) -> Health:
        """Whether this worker answers."""
        drifted = any(drift.state == "drifted" for drift in self.drift.found)
        return Health(
            status="degraded" if drifted else "ok",
            ready=not draining.is_noticed(),
            models=[variant.reader.ref for variant in self.versions.router.variants],
            drift=self.drift.found,
            uptime_s=monotonic() - self.started,
            version=__version__,
        )

    def models(self) -> ModelList:
        """What answers here, and its share of the traffic."""
        variants = self.versions.router.variants
        total = sum(variant.weight for variant in variants)
        quantization = self._deployment.optimization.quantization
        return ModelList(
            models=[
                _info(variant.reader, variant.weight / total, quantization) for variant in variants
            ]
        )

    def reload(self) -> ModelList:
        """Serve what aliases name now, here at once and in the other workers within a second. Blocks."""
        try:
            self.versions.reload()
        except StoreError as error:
            raise ReloadRefused(str(error)) from error
        reloads.ask()
        return self.models()

    def experiments(self, since: str | None) -> ExperimentReport:
        """What each variant did. Blocks."""
        try:
            start = time() - duration(since).total_seconds() if since else 0.0
        except ValueError as error:
            field = FieldError(loc=["query", "since"], msg=str(error), type="duration")
            raise InvalidRequest([field]) from None
        return experiments.report(self.monitor.store, since=start)

    async def live_socket(self, websocket: WebSocket) -> None:
        """Read live audio that comes over a WebSocket."""
        await socket.serve(websocket, self.live)

    async def live_body(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read live audio that comes as a body."""
        await body.serve(scope, receive, send, self.live)

    async def close(self) -> None:
        """Let running predictions end."""
        await self.shadow.close()
        await self.studio.close()
        await self.runner.close()
        self.versions.close()
        self.drift.close()
        self.monitor.close()


def _home(deployment: Deployment, engines: Any) -> tuple[Load, Lanes]:
    """How to load a model, and where it is computed: in this process, or in the service of engines."""
    quantization = deployment.optimization.quantization
    if deployment.runner == "embedded":
        load = partial(Predictor.load, quantization=quantization, options=deployment.engine)
        return load, lanes_of(deployment)
    from rebracket.inference.remote import ServiceLanes

    lanes = ServiceLanes(engines, max_batch_size=deployment.batching.max_batch_size)

    def describe(model: ExportedModel) -> Reader:
        names = model.artefacts(quantization)
        return Reader.of(model, quantization, engines=dict.fromkeys(names, str(model.path)))

    return describe, lanes


def _info(reader: Reader, weight: float, quantization: Quantization) -> ModelInfo:
    manifest = reader.model.manifest
    return ModelInfo(
        name=manifest.name,
        version=manifest.version,
        variant=reader.ref.variant,
        weight=weight,
        quantization=quantization,
        labels=manifest.labels,
        created=manifest.created,
        metrics=manifest.metrics,
        card=reader.model.card,
    )
