"""The BentoML service: routes only. Start it with `rebracket serve` or `bentoml serve service:Rebracket`."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from time import monotonic, time

import bentoml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from rebracket import __version__
from rebracket.conditioning import Conditioning, GeneratedSegment
from rebracket.config import SHADOW, settings
from rebracket.durations import duration
from rebracket.errors import FieldError, InvalidRequest, ReloadRefused, StoreError
from rebracket.gateway import caller, draining, problems
from rebracket.gateway.access import STREAM
from rebracket.gateway.app import Service
from rebracket.gateway.live import body, socket
from rebracket.gateway.live.seats import Seats
from rebracket.gateway.live.session import Host
from rebracket.generation.maker import Maker
from rebracket.generation.studio import Studio
from rebracket.inference.collector import quiet_collector
from rebracket.inference.lanes import Lanes, lanes_of
from rebracket.inference.predictor import Predictor, Reader
from rebracket.inference.runner import Runner
from rebracket.inference.shadow import Shadow
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

deployment = settings().deployment


@bentoml.service(
    name="rebracket",
    service_class=Service,
    workers=deployment.workers,
    http={"host": str(deployment.api.host), "port": deployment.api.port},
    traffic={"timeout": deployment.api.timeout_s},
)
class Rebracket:
    """Says along which axis a segment's boundaries are re-parsed, how much, and how sure it is."""

    if deployment.runner == "service":
        from rebracket.inference.remote import EngineService

        engines = bentoml.depends(EngineService)

    def __init__(self) -> None:
        self.started = monotonic()
        load, lanes = self._home()
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

    def _home(self) -> tuple[Load, Lanes]:
        """How to load a model, and where it is computed: in this process, or in the service of engines."""
        quantization = deployment.optimization.quantization
        if deployment.runner == "embedded":
            load = partial(Predictor.load, quantization=quantization, options=deployment.engine)
            return load, lanes_of(deployment)
        from rebracket.inference.remote import ServiceLanes

        lanes = ServiceLanes(self.engines, max_batch_size=deployment.batching.max_batch_size)

        def describe(model: ExportedModel) -> Reader:
            engines = dict.fromkeys(model.artefacts(quantization), str(model.path))
            return Reader.of(model, quantization, engines=engines)

        return describe, lanes

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

    @bentoml.api(route="/predict")
    async def predict(self, segment: Segment, /) -> Prediction:
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

    @bentoml.api(route="/predict_batch")
    async def predict_batch(self, batch: SegmentBatch, /) -> PredictionBatch:
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

    @bentoml.api(route="/generate")
    async def generate(self, asked: Conditioning, /) -> GeneratedSegment:
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
        return ModelList(
            models=[_info(variant.reader, variant.weight / total) for variant in variants]
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

    @bentoml.on_shutdown
    async def close(self) -> None:
        """Let running predictions end."""
        await self.shadow.close()
        await self.studio.close()
        await self.runner.close()
        self.versions.close()
        self.drift.close()
        self.monitor.close()


def _info(reader: Reader, weight: float) -> ModelInfo:
    manifest = reader.model.manifest
    return ModelInfo(
        name=manifest.name,
        version=manifest.version,
        variant=reader.ref.variant,
        weight=weight,
        quantization=deployment.optimization.quantization,
        labels=manifest.labels,
        created=manifest.created,
        metrics=manifest.metrics,
        card=reader.model.card,
    )


async def health(_: Request) -> Response:
    """GET /health."""
    body = bentoml.get_current_service().health()
    return Response(body.model_dump_json(), media_type="application/json")


async def models(_: Request) -> Response:
    """GET /models."""
    body = bentoml.get_current_service().models()
    return Response(body.model_dump_json(), media_type="application/json")


async def experiment_report(request: Request) -> Response:
    """GET /experiments."""
    since = request.query_params.get("since")
    body = await asyncio.to_thread(bentoml.get_current_service().experiments, since)
    return Response(body.model_dump_json(), media_type="application/json")


async def reload(_: Request) -> Response:
    """POST /admin/reload."""
    body = await asyncio.to_thread(bentoml.get_current_service().reload)
    return Response(body.model_dump_json(), media_type="application/json")


async def live_socket(websocket: WebSocket) -> None:
    """GET /stream."""
    await socket.serve(websocket, bentoml.get_current_service().live)


class LiveBody:
    """POST /stream."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        await body.serve(scope, receive, send, bentoml.get_current_service().live)


routes = [
    WebSocketRoute(STREAM, live_socket),
    Route(STREAM, LiveBody(), methods=["POST"]),
    Route("/health", health),
    Route("/models", models),
    Route("/experiments", experiment_report),
    Route("/admin/reload", reload, methods=["POST"]),
]
Rebracket.mount_asgi_app(  # type: ignore[attr-defined]  # the decorator makes it a Service
    Starlette(routes=routes, exception_handlers=problems.HANDLERS)
)
