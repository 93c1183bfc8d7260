"""The OpenAPI document: what is answered, errors too. BentoML's own knows none of them."""

from functools import cache
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from rebracket import __version__
from rebracket.conditioning import Conditioning, GeneratedSegment
from rebracket.gateway import problems
from rebracket.gateway.access import METRICS, NEEDS, OPEN, STREAM
from rebracket.gateway.form import SEGMENT
from rebracket.gateway.live.body import NDJSON, SSE, Query
from rebracket.gateway.middleware import MULTIPART
from rebracket.messages import Ready, StreamFailed, Summary, WindowRead
from rebracket.schemas import (
    ExperimentReport,
    Health,
    ModelList,
    Prediction,
    PredictionBatch,
    ProblemAnswer,
    Segment,
    SegmentBatch,
)

EVENTS = (Ready, WindowRead, Summary, StreamFailed)
SCHEMAS = (
    *EVENTS,
    Conditioning,
    ExperimentReport,
    GeneratedSegment,
    Health,
    ModelList,
    Prediction,
    PredictionBatch,
    ProblemAnswer,
    Segment,
    SegmentBatch,
)
BODIES: dict[str, tuple[type[BaseModel], type[BaseModel], str]] = {
    "/predict": (Segment, Prediction, "Read one segment"),
    "/predict_batch": (SegmentBatch, PredictionBatch, "Read up to 256 segments, in order"),
    "/generate": (Conditioning, GeneratedSegment, "Write a segment that is read as asked"),
}
OBJECTS: dict[str, tuple[type[BaseModel], str]] = {
    "/health": (Health, "Whether the service answers, and with which models"),
    "/experiments": (ExperimentReport, "What each variant did; `?since=24h` for the last day"),
    "/models": (ModelList, "The models that answer here, with their cards"),
}
ACTIONS: dict[str, tuple[type[BaseModel], str]] = {
    "/admin/reload": (ModelList, "Serve what aliases name now, in all workers"),
}
TEXTS = {
    "/livez": "Whether the process lives",
    "/healthz": "As /livez",
    "/readyz": "Whether requests may come",
    METRICS: "Prometheus metrics",
}
AUDIO = ("application/octet-stream", "audio/wav", "audio/flac")
KINDS = {"midi": "audio/midi", "audio": "audio/*"}
"""What the parts that are files hold."""
ALWAYS = (400, 404, 405, 431, 500, 503, 504)
WITH_KEY = (401, 403, 429)
WITH_BODY = (408, 413, 415, 422)
RETRY = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}}}
SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


@cache
def document() -> dict[str, Any]:
    """The document, built once."""
    _, definitions = models_json_schema(
        [(schema, "validation") for schema in SCHEMAS],
        ref_template="#/components/schemas/{model}",
    )
    paths = {
        **{path: {"post": _post(path)} for path in BODIES},
        STREAM: {"post": _stream()},
        **{path: {"post": _act(path)} for path in ACTIONS},
        **{path: {"get": _get_object(path)} for path in OBJECTS},
        **{path: {"get": _get_text(path)} for path in TEXTS},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "rebracket", "version": __version__},
        "paths": paths,
        "components": {"schemas": definitions["$defs"], "securitySchemes": SECURITY},
    }


def _post(path: str) -> dict[str, Any]:
    body, answer, summary = BODIES[path]
    parts = {MULTIPART: _parts()} if body is Segment else {}
    return {
        **_operation(path, summary),
        "requestBody": {"required": True, "content": {**_json(body), **parts}},
        "responses": _responses(path, _json(answer), WITH_BODY),
    }


def _parts() -> dict[str, Any]:
    files = {
        name: {"type": "string", "format": "binary", "minLength": 1, "contentMediaType": kind}
        for name, kind in KINDS.items()
    }
    return {
        "schema": {
            "type": "object",
            "description": f"Music as parts; other fields in the part `{SEGMENT}`, as JSON.",
            "properties": {SEGMENT: _ref(Segment), **files},
            "additionalProperties": False,
            "minProperties": 1,
        },
        "encoding": {
            name: {"contentType": kind}
            for name, kind in {SEGMENT: "application/json", **KINDS}.items()
        },
    }


def _stream() -> dict[str, Any]:
    audio = {"schema": {"type": "string", "format": "binary"}}
    events = {"schema": {"oneOf": [_ref(event) for event in EVENTS]}}
    operation = _operation(STREAM, "Read audio while it is still being sent, an event a window")
    operation["description"] += " Also a WebSocket at the same path."
    return {
        **operation,
        "parameters": _parameters(Query),
        "requestBody": {"required": True, "content": dict.fromkeys(AUDIO, audio)},
        "responses": _responses(STREAM, dict.fromkeys((NDJSON, SSE), events), (408, 415, 422)),
    }


def _parameters(query: type[BaseModel]) -> list[dict[str, Any]]:
    """A query's fields; one that is not given is left out, never null."""
    return [
        {"name": name, "in": "query", "description": field.pop("description", ""), "schema": field}
        for name, field in map(_without_null, query.model_json_schema()["properties"].items())
    ]


def _without_null(item: tuple[str, dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    name, field = item
    kinds = [kind for kind in field.pop("anyOf", ()) if kind != {"type": "null"}]
    given = {key: value for key, value in field.items() if value is not None}
    return name, {**given, **(kinds[0] if kinds else {})}


def _act(path: str) -> dict[str, Any]:
    answer, summary = ACTIONS[path]
    return {**_operation(path, summary), "responses": _responses(path, _json(answer), (409,))}


def _get_object(path: str) -> dict[str, Any]:
    answer, summary = OBJECTS[path]
    return {**_operation(path, summary), "responses": _responses(path, _json(answer))}


def _get_text(path: str) -> dict[str, Any]:
    content = {"text/plain": {"schema": {"type": "string"}}}
    return {**_operation(path, TEXTS[path]), "responses": _responses(path, content)}


def _operation(path: str, summary: str) -> dict[str, Any]:
    name = path.strip("/").replace("/", "_")
    operation: dict[str, Any] = {"operationId": name, "summary": summary}
    if path not in OPEN:
        operation["security"] = [{name: []} for name in SECURITY]
        scope = NEEDS.get(path)
        operation["description"] = f"Needs the scope `{scope}`." if scope else "Needs a key."
    return operation


def _responses(path: str, content: dict[str, Any], more: tuple[int, ...] = ()) -> dict[str, Any]:
    errors = sorted({*ALWAYS, *more, *(() if path in OPEN else WITH_KEY)})
    return {
        "200": {"description": "Answered.", "content": content},
        **{str(status): _problem(HTTPStatus(status)) for status in errors},
    }


def _problem(status: HTTPStatus) -> dict[str, Any]:
    retry = status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
    return {
        "description": status.phrase,
        "content": {problems.MEDIA_TYPE: {"schema": _ref(ProblemAnswer)}},
        **({"headers": RETRY} if retry else {}),
    }


def _json(schema: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": _ref(schema)}}


def _ref(schema: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{schema.__name__}"}
