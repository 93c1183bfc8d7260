"""A log line is one line, and names its request."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from rebracket.gateway.middleware import RequestIds
from rebracket.monitoring import logs, trace
from tests.gateway.asgi import answer, connection


@pytest.fixture(scope="module")
def written() -> Iterator[io.StringIO]:
    """What a handler of the root logger writes after `install`."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    logging.getLogger().addHandler(handler)
    logs.install("text")
    yield stream
    logging.getLogger().removeHandler(handler)


def last(stream: io.StringIO) -> str:
    text = stream.getvalue()
    stream.truncate(0)
    stream.seek(0)
    return text


@given(st.text(max_size=40))
def test_no_text_begins_another_line(written: io.StringIO, text: str) -> None:
    last(written)
    logging.getLogger("a").warning("path=%s", text)
    assert len(last(written).splitlines()) == 1


def test_what_looks_like_another_line_is_escaped(written: io.StringIO) -> None:
    last(written)
    logging.getLogger("a").warning("path=%s", "/a\nERROR all is lost\x1b[2J")
    assert last(written) == "WARNING path=/a\\nERROR all is lost\\x1b[2J\n"


def test_lines_of_a_request_carry_its_id(written: io.StringIO) -> None:
    async def app(_: Scope, __: Receive, ___: Send) -> None:
        logging.getLogger("a").warning("here, 100 %")

    last(written)
    scope = connection(headers=[("X-Request-ID", "take-7")])
    asyncio.run(answer(RequestIds(app), scope))
    assert last(written) == "WARNING [take-7] here, 100 %\n"


def test_json_lines_say_whose_they_are() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonLines())
    logger = logging.getLogger("b")
    logger.addHandler(handler)

    sent = "words of the caller"

    async def app(_: Scope, __: Receive, ___: Send) -> None:
        trace.current().key_id = "studio"
        try:
            int(sent)
        except ValueError:
            logger.exception("it\nfails", extra={"fields": {"status": 500}})

    parent = f"00-{'4b' * 16}-{'f0' * 8}-01"
    scope = connection(headers=[("X-Request-ID", "take-7"), ("traceparent", parent)])
    asyncio.run(answer(RequestIds(app), scope))
    logger.removeHandler(handler)
    line = json.loads(stream.getvalue())
    assert stream.getvalue().count("\n") == 1
    assert {name: line[name] for name in ("request_id", "trace_id", "key_id", "status")} == {
        "request_id": "take-7",
        "trace_id": "4b" * 16,
        "key_id": "studio",
        "status": 500,
    }
    assert (line["level"], line["message"]) == ("error", "it\nfails")
    assert line["exception"].endswith("ValueError")
    assert sent not in stream.getvalue()


@pytest.mark.parametrize(
    ("style", "terminal", "json_lines"),
    [("auto", True, False), ("auto", False, True), ("json", True, True), ("text", False, False)],
)
def test_the_setting_and_the_terminal_choose_the_form(
    monkeypatch: pytest.MonkeyPatch, style: logs.Format, *, terminal: bool, json_lines: bool
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: terminal, raising=False)
    handler = logging.StreamHandler(stream)
    logging.getLogger("circus").addHandler(handler)
    logs.install(style)
    logging.getLogger("circus").removeHandler(handler)
    assert isinstance(handler.formatter, logs.JsonLines) == json_lines
    assert isinstance(handler.formatter, logs.OneLine) != json_lines
