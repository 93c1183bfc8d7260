"""Log lines: each names its request, none can be forged by what a caller sends, none quotes it."""

import json
import logging
import re
import traceback
from copy import copy
from datetime import UTC, datetime
from typing import Any, Literal

from rebracket.monitoring import trace

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
LOGGERS = (None, "bentoml", "uvicorn.error", "circus")
OURS = "rebracket"

Format = Literal["auto", "json", "text"]


class OneLine(logging.Formatter):
    """For people: the request id before the message, fields behind it, control characters escaped."""

    def __init__(self, inner: logging.Formatter | None) -> None:
        super().__init__()
        self._inner = inner or logging.Formatter()

    def format(self, record: logging.LogRecord) -> str:
        """As the inner formatter writes it; other handlers get the record as it was."""
        fields = "".join(f" {name}={value}" for name, value in fields_of(record).items())
        text = _escaped(record.getMessage() + fields)
        name = trace.current().request_id
        shown = copy(record)
        shown.msg, shown.args = f"[{name}] {text}" if name else text, None
        shown.exc_text = exception(record) or None
        return self._inner.format(shown)


class JsonLines(logging.Formatter):
    """For machines: an object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record, and which request it belongs to."""
        now = trace.current()
        record.message = record.getMessage()  # as the standard formatter does
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.message,
            "process": record.process,
            "request_id": now.request_id,
            "trace_id": now.trace_id,
            "key_id": now.key_id,
            **fields_of(record),
            "exception": exception(record),
        }
        return json.dumps({name: value for name, value in line.items() if value not in ("", None)})


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """The fields that `logger.info(…, extra={"fields": {…}})` gave."""
    found: dict[str, Any] = getattr(record, "fields", {})
    return found


def exception(record: logging.LogRecord) -> str:
    """Type and stack of a record's exception; its message, which may quote a caller, outside of requests."""
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    kind, error, stack = record.exc_info
    message = "" if trace.current().request_id else f": {error}"
    return "".join(traceback.format_tb(stack)) + kind.__qualname__ + message


def install(style: Format) -> None:
    """Have the server's handlers write so: the root logger's, BentoML's, uvicorn's, circus's."""
    logging.getLogger(OURS).setLevel(logging.INFO)
    for handler in {h for name in LOGGERS for h in logging.getLogger(name).handlers}:
        if style == "json" or (style == "auto" and not _is_terminal(handler)):
            handler.setFormatter(JsonLines())
        elif not isinstance(handler.formatter, OneLine):
            handler.setFormatter(OneLine(handler.formatter))


def _is_terminal(handler: logging.Handler) -> bool:
    stream = getattr(handler, "stream", None)
    return stream is not None and stream.isatty()


def _escaped(text: str) -> str:
    return CONTROL.sub(lambda match: repr(match[0])[1:-1], text)
