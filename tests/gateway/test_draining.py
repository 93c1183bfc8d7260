"""What answers say once the worker knows that it will end, as bare ASGI."""

import asyncio

import pytest
from starlette.responses import PlainTextResponse

from rebracket.gateway import draining
from rebracket.gateway.draining import LastAnswers
from tests.gateway.asgi import answer, connection


def last_words(*, noticed: bool, monkeypatch: pytest.MonkeyPatch) -> str | None:
    """What the field Connection says."""
    monkeypatch.setattr(draining, "_noticed", noticed)
    app = LastAnswers(PlainTextResponse("here"))
    return asyncio.run(answer(app, connection())).headers.get("connection")


def test_connections_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    assert last_words(noticed=False, monkeypatch=monkeypatch) is None


def test_since_the_notice_an_answer_is_its_connections_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert last_words(noticed=True, monkeypatch=monkeypatch) == "close"
