"""What can be asked, as data: both clients send it, each in its way."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import uuid4

from pydantic import BaseModel

from rebracket.conditioning import Conditioning, GeneratedSegment
from rebracket.schemas import Health, ModelList, Prediction, PredictionBatch, Segment, SegmentBatch

REQUEST_ID = "X-Request-ID"

A = TypeVar("A", bound=BaseModel)
Part = tuple[str, tuple[str | None, bytes, str]]
"""Name, file name, content and content type, as httpx2 takes them."""


@dataclass(frozen=True, slots=True)
class Ask(Generic[A]):
    """One request, and the schema of its answer, which may come with any of `statuses`.

    Its body is JSON (`content`), parts of multipart/form-data (`files`), or nothing.
    """

    method: str
    path: str
    schema: type[A]
    content: bytes | None = None
    files: tuple[Part, ...] = ()
    statuses: tuple[int, ...] = (200,)

    def headers(self, request_id: str) -> dict[str, str]:
        """What the request's header says beyond the key."""
        body = {"Content-Type": "application/json"} if self.content is not None else {}
        return {REQUEST_ID: request_id, **body}


HEALTH = Ask("GET", "health", Health, statuses=(200, 503))
MODELS = Ask("GET", "models", ModelList)


def new_request_id() -> str:
    """An id for a call and all its attempts."""
    return uuid4().hex


def predict(segment: Segment) -> Ask[Prediction]:
    """Read one segment; music goes in parts, as it is: base64 in JSON is a third longer."""
    if not (segment.midi or segment.audio):
        return Ask("POST", "predict", Prediction, _json(segment))
    return Ask("POST", "predict", Prediction, files=_parts(segment))


def predict_batch(segments: Iterable[Segment]) -> Ask[PredictionBatch]:
    """Read 1 to 256 segments.

    Raises:
        pydantic.ValidationError: there are none, or too many.
    """
    batch = SegmentBatch(segments=list(segments))
    return Ask("POST", "predict_batch", PredictionBatch, _json(batch))


def generate(asked: Conditioning) -> Ask[GeneratedSegment]:
    """Write a segment."""
    return Ask("POST", "generate", GeneratedSegment, _json(asked))


def _parts(segment: Segment) -> tuple[Part, ...]:
    fields = _json(segment.model_copy(update={"midi": None, "audio": None}))
    parts = (
        ("segment", (None, fields, "application/json")),
        ("midi", ("midi", segment.midi, "audio/midi")),
        ("audio", ("audio", segment.audio, "application/octet-stream")),
    )
    return tuple((name, (file, data, kind)) for name, (file, data, kind) in parts if data)


def _json(body: BaseModel) -> bytes:
    return body.model_dump_json(exclude_defaults=True, by_alias=True).encode()
