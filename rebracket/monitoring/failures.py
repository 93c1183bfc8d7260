"""Unforeseen errors: grouped by where they come from, with the shape of what was sent."""

import traceback
from hashlib import sha256
from typing import Any

from pydantic import BaseModel

from rebracket.monitoring.metrics import FAULTS
from rebracket.monitoring.salt import salted
from rebracket.schemas import Segment, SegmentBatch

MAX_GROUPS = 100
OTHERS = "others"
CONTENT = ("text", "lyrics", "midi", "audio")

_counts: dict[str, int] = {}


def fingerprint(error: BaseException) -> str:
    """12 hexadecimal digits: the same for errors of one type from the same functions."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.filename}:{frame.name}" for frame in frames]
    return sha256("\n".join([type(error).__qualname__, *places]).encode()).hexdigest()[:12]


def shape(body: BaseModel) -> dict[str, Any]:
    """Enough to build an input like it, without its content: lengths and a salted hash.

    Lengths of words are in characters, of music in bytes; the hash is of everything but music, which
    may be of a hundred megabytes.
    """
    segments = body.segments if isinstance(body, SegmentBatch) else [body]
    lengths = [
        {name: len(content) for name in CONTENT if (content := getattr(segment, name))}
        for segment in segments
        if isinstance(segment, Segment)
    ]
    without = {"midi": True, "audio": True}
    exclude = {"segments": {"__all__": without}} if isinstance(body, SegmentBatch) else without
    return {"lengths": lengths, "input_hash": salted(body.model_dump_json(exclude=exclude))}


def describe(error: BaseException, body: BaseModel | None = None) -> dict[str, Any]:
    """Count the error; returns what a log line says of it.

    The message stays out: it may quote the input. Beyond `MAX_GROUPS` groups a worker, errors count
    together in the metric.
    """
    group = fingerprint(error)
    label = group if group in _counts or len(_counts) < MAX_GROUPS else OTHERS
    _counts[label] = _counts.get(label, 0) + 1
    FAULTS.labels(fingerprint=label).inc()
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "error": type(error).__qualname__,
        "fingerprint": group,
        "seen": _counts[label],
        "stack": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
        **(shape(body) if body is not None else {}),
    }
