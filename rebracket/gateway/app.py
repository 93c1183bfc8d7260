"""BentoML's HTTP application with this service's error answers and limits.

BentoML has no public hook for either: it answers 400 to everything invalid, catches errors before
Starlette's handlers see them, and reads bodies of any length. So the application factory, a private
class, is subclassed here (and in `inference.remote`, for its batches); bentoml is pinned exactly for that.
"""

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from _bentoml_impl.server.app import ContextMiddleware, ServiceAppFactory
from bentoml._internal.configuration.containers import BentoMLContainer
from bentoml._internal.server.http.access import AccessLogMiddleware
from bentoml._internal.server.http.traffic import TimeoutMiddleware
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from rebracket.config import settings
from rebracket.errors import Draining, RequestError, Unavailable, UnsupportedMedia
from rebracket.gateway import draining, multipart, openapi, problems
from rebracket.gateway.hangup import unless_hung_up
from rebracket.gateway.middleware import MULTIPART, media_type
from rebracket.gateway.stack import Gateway
from rebracket.monitoring import failures
from rebracket.schemas import Segment

logger = logging.getLogger(__name__)

JSON = "application/json"
CLIENT_CLOSED_REQUEST = 499
UNWANTED = (TimeoutMiddleware, AccessLogMiddleware, ContextMiddleware)
"""Ours stand in the place of the first two; nobody asks for `bentoml.Context`."""

Call = Callable[[BaseModel], Coroutine[Any, Any, BaseModel]]


class AppFactory(ServiceAppFactory):  # type: ignore[misc]  # its package is untyped
    """Builds the application of one worker."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        deployment = settings().deployment
        self._api = deployment.api
        self._gateway = Gateway.from_settings(deployment)
        self._apis: dict[str, tuple[type[BaseModel], Call]] = {}

    def __call__(self) -> Starlette:
        """The application, with this service's error handlers."""
        app: Starlette = super().__call__()
        for kind, handler in problems.HANDLERS.items():
            app.add_exception_handler(kind, handler)
        return app

    @property
    def middlewares(self) -> list[Middleware]:
        """Ours stand before BentoML's: its metrics keep a series for every path that they see."""
        unwanted = UNWANTED if _traces() else (*UNWANTED, OpenTelemetryMiddleware)
        bentoml = [m for m in super().middlewares if m.cls not in unwanted]
        return [*self._gateway.outer, *bentoml, *self._gateway.inner]

    async def readyz(self, request: Request) -> Response:
        """Ready, or a 503 that says so."""
        if not self._is_ready:
            raise Unavailable("The service is starting", retry_after_s=1)
        if draining.is_noticed():
            raise Draining("This worker is ending; go on with another one", retry_after_s=1)
        response: Response = await super().readyz(request)
        return response

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Keys and limits are open before the service is, and until it is closed."""
        draining.expect_the_end(asyncio.get_running_loop())
        async with self._gateway.running(), super().lifespan(app):
            yield

    async def openapi_spec_view(self, req: Request) -> Response:
        """Our own document; BentoML's promises answers that are not given."""
        del req
        return JSONResponse(openapi.document())

    async def api_endpoint_wrapper(self, name: str, request: Request) -> Response:
        """`api_endpoint` answers all errors itself, and nobody asks for what BentoML looks up here."""
        return await self.api_endpoint(name, request)

    async def api_endpoint(self, name: str, request: Request) -> Response:
        """Validate the body, call the API, serialize its answer."""
        argument = None
        try:
            schema, api = self._api_of(name)
            argument = await self._read(schema, request)
            answer = await unless_hung_up(request, api(argument))
        except RequestError as error:
            return problems.respond(error)
        except ClientDisconnect:
            return Response(status_code=CLIENT_CLOSED_REQUEST, media_type=problems.MEDIA_TYPE)
        except Exception as error:  # noqa: BLE001 - whatever it was, it is told
            logger.error("%s failed", name, extra={"fields": failures.describe(error, argument)})  # noqa: TRY400
            return problems.respond(problems.unexpected())
        return Response(answer.model_dump_json(), media_type="application/json")

    def _api_of(self, name: str) -> tuple[type[BaseModel], Call]:
        """An API's body and what answers it; looked up once, for BentoML inspects it every time."""
        if name not in self._apis:
            schema = _body_schema(self.service.apis[name].func)
            self._apis[name] = schema, getattr(self._service_instance, name).local
        return self._apis[name]

    async def _read(self, schema: type[BaseModel], request: Request) -> BaseModel:
        kinds = (JSON, MULTIPART) if schema is Segment else (JSON,)
        kind = media_type(request.headers)
        if kind not in kinds:
            raise UnsupportedMedia(f"Send the body as {' or '.join(kinds)}")
        if kind == MULTIPART:
            return await multipart.read_segment(request, max_json_bytes=self._api.max_json_bytes)
        try:
            return schema.model_validate_json(await request.body())
        except ValidationError as error:
            raise problems.from_validation(error) from None


def _traces() -> bool:
    """Whether BentoML's `tracing` settings sample anything; a span that is not costs as much."""
    return bool(BentoMLContainer.tracing.sample_rate.get())


def _body_schema(api: Any) -> type[BaseModel]:
    """The schema that an API method takes as its one argument."""
    _, argument = inspect.signature(api, eval_str=True).parameters.values()
    schema = argument.annotation
    assert isinstance(schema, type)
    assert issubclass(schema, BaseModel)
    return schema
