"""Request ids and body limits, as bare ASGI."""

import asyncio
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from rebracket.errors import PayloadTooLarge, Unavailable
from rebracket.gateway.middleware import SANE_ID, BodyLimit, RequestIds, request_id


def http_scope(headers: Iterable[tuple[bytes, bytes]] = ()) -> Scope:
    return {"type": "http", "method": "POST", "path": "/", "headers": list(headers)}


def read_body(chunks: list[bytes], limit: int, headers: Iterable[tuple[bytes, bytes]] = ()) -> int:
    """The bytes that an application behind the limit gets to read."""
    total = 0
    waiting = [
        {"type": "http.request", "body": chunk, "more_body": index < len(chunks) - 1}
        for index, chunk in enumerate(chunks)
    ]

    async def app(_: Scope, receive: Receive, __: Send) -> None:
        nonlocal total
        while True:
            message = await receive()
            total += len(message["body"])
            if not message["more_body"]:
                return

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(_: Message) -> None: ...

    limited = BodyLimit(app, limit=limit, multipart_limit=2 * limit, total_limit=10**6)
    asyncio.run(limited(http_scope(headers), receive, send))
    return total


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=8), st.integers(0, 120))
def test_a_body_is_counted_as_it_streams_in(chunks: list[bytes], limit: int) -> None:
    size = sum(map(len, chunks))
    if size > limit:
        with pytest.raises(PayloadTooLarge, match=f"{limit} bytes"):
            read_body(chunks, limit)
    else:
        assert read_body(chunks, limit) == size


def test_a_declared_length_over_the_limit_is_refused_before_reading() -> None:
    with pytest.raises(PayloadTooLarge):
        read_body([b""], 10, [(b"content-length", b"11")])


@pytest.mark.parametrize("declared", [b"1", b"-5", b"", b"many"])
def test_a_declared_length_that_lies_low_is_not_trusted(declared: bytes) -> None:
    with pytest.raises(PayloadTooLarge):
        read_body([b"x" * 11], 10, [(b"content-length", declared)])


@pytest.mark.parametrize("kind", [b"multipart/form-data; boundary=a", b"Multipart/Form-Data"])
def test_a_body_in_parts_has_a_limit_of_its_own(kind: bytes) -> None:
    headers = [(b"content-type", kind)]
    assert read_body([b"x" * 10, b"x" * 10], 10, headers) == 20
    with pytest.raises(PayloadTooLarge, match="20 bytes"):
        read_body([b"x" * 10, b"x" * 11], 10, headers)


@pytest.mark.parametrize(
    "kind", [b"multipart/form-data-a", b"multipart/mixed", b"a/b; multipart/form-data"]
)
def test_any_other_body_has_the_common_limit(kind: bytes) -> None:
    with pytest.raises(PayloadTooLarge, match="10 bytes"):
        read_body([b"x" * 11], 10, [(b"content-type", kind)])


def test_all_bodies_under_way_together_have_a_limit() -> None:
    gates = [asyncio.Event() for _ in range(3)]

    async def app(scope: Scope, receive: Receive, _: Send) -> None:
        await receive()
        await gates[scope["number"]].wait()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"x" * 40, "more_body": False}

    async def send(_: Message) -> None: ...

    async def run() -> None:
        limited = BodyLimit(app, limit=100, multipart_limit=100, total_limit=100)

        def begin(number: int) -> "asyncio.Task[None]":
            scope = {**http_scope([]), "number": number}
            return asyncio.ensure_future(limited(scope, receive, send))

        first, second = begin(0), begin(1)
        await asyncio.sleep(0)
        with pytest.raises(Unavailable) as refused:
            await begin(2)
        assert refused.value.headers["Retry-After"]
        gates[0].set()
        await first
        third = begin(2)
        gates[1].set()
        gates[2].set()
        await asyncio.gather(second, third)
        assert limited.held == 0

    asyncio.run(run())


def test_a_body_that_comes_alone_is_read_whatever_all_may_hold() -> None:
    async def app(_: Scope, receive: Receive, __: Send) -> None:
        await receive()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"x" * 40, "more_body": False}

    async def send(_: Message) -> None: ...

    limited = BodyLimit(app, limit=100, multipart_limit=100, total_limit=10)
    asyncio.run(limited(http_scope([]), receive, send))


def answered_id(given_id: bytes | None) -> tuple[str, str]:
    """The id in the answer's header, and the id that the application saw."""
    started: list[Message] = []
    seen = ""

    async def app(_: Scope, __: Receive, send: Send) -> None:
        nonlocal seen
        seen = request_id()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Message) -> None:
        started.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    headers = [] if given_id is None else [(b"x-request-id", given_id)]
    asyncio.run(RequestIds(app)(http_scope(headers), receive, send))
    return dict(started[0]["headers"])[b"x-request-id"].decode(), seen


def test_a_sane_id_of_the_caller_is_kept() -> None:
    assert answered_id(b"take-7:2026.a_b") == ("take-7:2026.a_b",) * 2


@pytest.mark.parametrize("insane", [b"", b"a b", b"a\r\nX-Evil: 1", b"x" * 129, "é".encode(), None])
def test_any_other_id_is_replaced(insane: bytes | None) -> None:
    answered, seen = answered_id(insane)
    assert answered == seen
    assert SANE_ID.fullmatch(answered)
    assert len(answered) == 32
