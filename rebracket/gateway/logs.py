"""Log lines: each carries its request's id, and none can be forged by what a caller sends."""

import logging
import re

from rebracket.gateway.middleware import request_id

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class OneLine(logging.Filter):
    """Puts the request id before the message, and escapes whatever could begin another line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record in place; handlers share it, so only once."""
        if not getattr(record, "is_one_line", False):
            text = CONTROL.sub(lambda match: repr(match[0])[1:-1], record.getMessage())
            name = request_id()
            record.msg = f"[{name}] {text}" if name else text
            record.args = None
            record.is_one_line = True
        return True


def install() -> None:
    """Filter what the server's handlers write: the root logger's and BentoML's."""
    for name in (None, "bentoml", "uvicorn.error"):
        for handler in logging.getLogger(name).handlers:
            if not any(isinstance(found, OneLine) for found in handler.filters):
                handler.addFilter(OneLine())
