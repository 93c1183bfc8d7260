"""The BentoML service: routes only. Start it with `rebracket serve` or `bentoml serve service:Rebracket`."""

import asyncio
from time import monotonic, time

import bentoml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rebracket import __version__
from rebracket.config import settings
from rebracket.durations import duration
from rebracket.errors import FieldError, InvalidRequest
from rebracket.gateway import caller, problems
from rebracket.gateway.app import Service
from rebracket.inference.collector import quiet_collector
from rebracket.inference.lanes import Lanes, lanes_of
from rebracket.inference.predictor import Predictor, Reader
from rebracket.inference.runner import Runner
from rebracket.monitoring import experiments
from rebracket.monitoring.drift import DriftWatch
from rebracket.monitoring.monitor import Monitor
from rebracket.registry import resolve
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
        self.model = resolve(deployment.model_path)
        self.predictor, lanes = self._home()
        self.monitor = Monitor(deployment.monitoring)
        self.drift = DriftWatch(
            self.monitor.store,
            deployment.monitoring.drift,
            lambda: [(self.predictor.ref, self.model.manifest.baseline)],
        )
        self.runner = Runner(lanes, deployment.batching)
        quiet_collector()

    def _home(self) -> tuple[Reader, Lanes]:
        """The model, and where it is computed: in this process, or in the service of engines."""
        quantization = deployment.optimization.quantization
        if deployment.runner == "embedded":
            options = deployment.engine
            return Predictor.load(self.model, quantization, options=options), lanes_of(deployment)
        from rebracket.inference.remote import ServiceLanes

        lanes = ServiceLanes(self.engines, max_batch_size=deployment.batching.max_batch_size)
        return Reader.of(self.model, quantization, engine=deployment.model_path), lanes

    @bentoml.api(route="/predict")
    async def predict(self, segment: Segment, /) -> Prediction:
        """Read one segment."""
        with self.monitor.request(self.predictor) as observe:
            return await self.runner.predict(
                self.predictor,
                segment,
                caller=caller.subject(),
                admit=caller.charge_work,
                observe=observe,
            )

    @bentoml.api(route="/predict_batch")
    async def predict_batch(self, batch: SegmentBatch, /) -> PredictionBatch:
        """Read up to 256 segments; answers come in the same order."""
        with self.monitor.request(self.predictor) as observe:
            answers = await self.runner.predict_all(
                self.predictor,
                batch.segments,
                caller=caller.subject(),
                admit=caller.charge_work,
                observe=observe,
            )
            observe.items_failed(answers)
        items = [
            answer
            if isinstance(answer, Prediction)
            else ItemError(index=index, error=problems.of_item(answer))
            for index, answer in enumerate(answers)
        ]
        errors = sum(isinstance(item, ItemError) for item in items)
        return PredictionBatch(predictions=items, errors=errors)

    def health(self) -> Health:
        """Whether this worker answers."""
        drifted = any(drift.state == "drifted" for drift in self.drift.found)
        return Health(
            status="degraded" if drifted else "ok",
            ready=True,
            models=[self.predictor.ref],
            drift=self.drift.found,
            uptime_s=monotonic() - self.started,
            version=__version__,
        )

    def models(self) -> ModelList:
        """What answers here."""
        ref, manifest = self.predictor.ref, self.model.manifest
        return ModelList(
            models=[
                ModelInfo(
                    name=ref.name,
                    version=ref.version,
                    variant=ref.variant,
                    weight=1.0,
                    quantization=deployment.optimization.quantization,
                    labels=manifest.labels,
                    created=manifest.created,
                    metrics=manifest.metrics,
                    card=self.model.card,
                )
            ]
        )

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
        await self.runner.close()
        self.drift.close()
        self.monitor.close()


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


routes = [
    Route("/health", health),
    Route("/models", models),
    Route("/experiments", experiment_report),
]
Rebracket.mount_asgi_app(  # type: ignore[attr-defined]  # the decorator makes it a Service
    Starlette(routes=routes, exception_handlers=problems.HANDLERS)
)
