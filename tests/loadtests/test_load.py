"""Loads count what servers do to connections, they don't end of it."""

import asyncio

from loadtests.bench.load import Load, open_loop
from loadtests.client import Connection, pack

REQUEST = pack("/predict", b"{}", {})
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.close()


async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readexactly(len(REQUEST))
    writer.write(ANSWER)
    writer.close()


def test_connections_that_the_server_closed_while_idle_are_not_used_again() -> None:
    async def closed() -> tuple[bool, bool]:
        released = asyncio.Event()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readexactly(len(REQUEST))
            writer.write(ANSWER)
            await released.wait()
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            connection = await Connection.open(server.sockets[0].getsockname()[1])
            await connection.send(REQUEST)
            before = connection.is_open
            released.set()
            while connection.is_open:  # noqa: ASYNC110 - nothing else tells
                await asyncio.sleep(0)
            connection.close()
            return before, connection.is_open

    assert asyncio.run(asyncio.wait_for(closed(), 30)) == (True, False)


def load(handler: object) -> Load:
    async def run() -> Load:
        async with await asyncio.start_server(handler, "127.0.0.1", 0) as server:  # type: ignore[arg-type]
            port = server.sockets[0].getsockname()[1]
            return await open_loop(port, [REQUEST], per_second=100, seconds=0.3)

    return asyncio.run(run())


def test_a_server_that_closes_after_each_answer_ends_no_load() -> None:
    assert load(answer_once).requests > 1


def test_a_connection_that_breaks_before_its_answer_is_an_error() -> None:
    found = load(hang_up)
    assert found.errors == found.requests > 0
