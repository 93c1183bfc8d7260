"""A small HTTP/1.1 client: on shared cores a load generator's own time is taken from the server's.

It knows keep-alive and `Content-Length`, which is what all candidates answer with, and nothing else.
"""

import asyncio
from collections.abc import Mapping
from typing import Self


class Connection:
    """One kept-alive connection, for one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> Self:
        """Connect to this machine."""
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=2**24))

    async def send(self, request: bytes) -> tuple[int, bytes]:
        """The status and body of the answer to a request that `pack` made.

        Raises EOFError or OSError where the connection breaks before.
        """
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
        return int(head[9:12]), await self._reader.readexactly(int(length))

    @property
    def is_open(self) -> bool:
        """Whether the server has not closed it, as far as is known here."""
        return not self._reader.at_eof()

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


def pack(path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """A POST request as bytes, made once and sent often."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
