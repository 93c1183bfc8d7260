"""Bare ASGI applications and how tests talk to them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Scope

Header = tuple[str, str]


@dataclass
class Answer:
    """What an application answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def connection(
    path: str = "/predict",
    headers: Sequence[Header] = (),
    *,
    client: tuple[str, int] | None = ("203.0.113.9", 4711),
    method: str = "POST",
) -> Scope:
    return {
        "type": "http",
        "method": method,
        "path": path,
        "client": client,
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
    }


async def answer(app: ASGIApp, scope: Scope, body: bytes = b"") -> Answer:
    """Send one request; the status is 0 where nothing came back."""
    sent: list[Message] = []
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start: Message = sent[0] if sent else {"status": 0, "headers": []}
    return Answer(
        status=start["status"],
        headers={name.decode(): value.decode() for name, value in start["headers"]},
        body=b"".join(message.get("body", b"") for message in sent[1:]),
    )
