"""A log line is one line, and names its request."""

import asyncio
import io
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from rebracket.gateway.middleware import RequestIds
from rebracket.monitoring import logs
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
