"""The BentoML service: routes only. Start it with `rebracket serve` or `bentoml serve service:Rebracket`."""

import asyncio
from typing import TYPE_CHECKING

import bentoml
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from rebracket.conditioning import Conditioning, GeneratedSegment
from rebracket.config import settings
from rebracket.gateway import problems
from rebracket.gateway.access import STREAM
from rebracket.gateway.service import Service
from rebracket.schemas import Prediction, PredictionBatch, Segment, SegmentBatch

if TYPE_CHECKING:
    from rebracket.worker import Worker

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

    engines = None
    if deployment.runner == "service":
        from rebracket.inference.remote import EngineService

        engines = bentoml.depends(EngineService)

    def __init__(self) -> None:
        # The process above the workers imports this file too, and would load half a worker for nothing.
        from rebracket.worker import Worker

        self.worker = Worker(deployment, self.engines)

    @bentoml.api(route="/predict")
    async def predict(self, segment: Segment, /) -> Prediction:
        """Read one segment."""
        return await self.worker.predict(segment)

    @bentoml.api(route="/predict_batch")
    async def predict_batch(self, batch: SegmentBatch, /) -> PredictionBatch:
        """Read up to 256 segments; answers come in the same order."""
        return await self.worker.predict_batch(batch)

    @bentoml.api(route="/generate")
    async def generate(self, asked: Conditioning, /) -> GeneratedSegment:
        """Write a segment that is read as what was asked for."""
        return await self.worker.generate(asked)

    @bentoml.on_shutdown
    async def close(self) -> None:
        """Let running predictions end."""
        await self.worker.close()


def worker() -> "Worker":
    """The one of this process."""
    found: Worker = bentoml.get_current_service().worker
    return found


async def health(_: Request) -> Response:
    """GET /health."""
    return _json(worker().health())


async def models(_: Request) -> Response:
    """GET /models."""
    return _json(worker().models())


async def experiment_report(request: Request) -> Response:
    """GET /experiments."""
    since = request.query_params.get("since")
    return _json(await asyncio.to_thread(worker().experiments, since))


async def reload(_: Request) -> Response:
    """POST /admin/reload."""
    return _json(await asyncio.to_thread(worker().reload))


def _json(body: BaseModel) -> Response:
    return Response(body.model_dump_json(), media_type="application/json")


async def live_socket(websocket: WebSocket) -> None:
    """GET /stream."""
    await worker().live_socket(websocket)


class LiveBody:
    """POST /stream."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        await worker().live_body(scope, receive, send)


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
