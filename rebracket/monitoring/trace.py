"""What is known of the request being answered, from its first byte to its log line."""

import re
from contextvars import ContextVar
from dataclasses import dataclass

from rebracket.inference.timing import Timing
from rebracket.schemas import ModelRef

TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")
"""W3C Trace Context, https://www.w3.org/TR/trace-context/#traceparent-header."""
NO_TRACE, NO_PARENT = "0" * 32, "0" * 16


@dataclass(slots=True)
class Trace:
    """One request's; filled in by those that answer it."""

    request_id: str = ""
    trace_id: str = ""
    key_id: str = ""
    subject: str = ""
    model: ModelRef | None = None
    outcome: str = ""
    timing: Timing | None = None
    items: int = 0


_trace: ContextVar[Trace | None] = ContextVar("trace", default=None)


def begin(trace: Trace) -> None:
    """Make `trace` the one of the request that is being answered."""
    _trace.set(trace)


def current() -> Trace:
    """The request's; outside of one, one that nobody reads."""
    return _trace.get() or Trace()


def trace_id(traceparent: str) -> str:
    """The trace id of a `traceparent` field; empty where it is not valid."""
    found = TRACEPARENT.fullmatch(traceparent)
    if found is None:
        return ""
    version, trace, parent, more = found.groups()
    valid = version != "ff" and trace != NO_TRACE and parent != NO_PARENT
    return trace if valid and (more is None or version != "00") else ""
