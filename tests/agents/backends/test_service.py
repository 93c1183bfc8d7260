"""Analyses over HTTP: one client a loop, and the same for threads."""

import asyncio
import gc

import pytest

from rebracket.agents import ServiceBackend
from rebracket.agents.backends import Reading
from rebracket.errors import InputRefused
from rebracket.schemas import Segment
from tests.scripted_server import PREDICTION, problem, says, scripted

NOTES = [Segment(text="a"), Segment(text="b")]
FIELD = {"loc": ["segments", 1, "text"], "msg": "No readable words", "type": "no_readable_words"}


@pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
def test_a_second_loop_gets_connections_of_its_own() -> None:
    """The first loop's are closed with it; to use them again would fail."""
    with scripted() as server:
        backend = ServiceBackend(server.url)
        for _ in range(2):
            outcomes = asyncio.run(backend.aread(NOTES))
            assert all(isinstance(outcome, Reading) for outcome in outcomes)
        backend.close()
        del backend
        gc.collect()
    assert len({asked.port for asked in server.asked}) == 2


def test_threads_and_loops_agree() -> None:
    async def aread(backend: ServiceBackend) -> list[object]:
        outcomes = await backend.aread(NOTES)
        await backend.aclose()
        return list(outcomes)

    item = {"index": 1, "error": {"type": "t", "title": "t", "status": 422, "detail": "d"}}
    with scripted() as server:
        backend = ServiceBackend(server.url)
        server.will(*[says(200, {"predictions": [PREDICTION, item], "errors": 1})] * 2)
        for outcomes in (list[object](backend.read(NOTES)), asyncio.run(aread(backend))):
            assert [type(outcome) for outcome in outcomes] == [Reading, InputRefused]


def test_a_refused_item_is_left_out_of_a_second_request() -> None:
    async def aread(backend: ServiceBackend) -> list[object]:
        outcomes = await backend.aread(NOTES)
        await backend.aclose()
        return list(outcomes)

    with scripted() as server:
        backend = ServiceBackend(server.url)
        server.will(problem(422, FIELD))
        assert [type(o) for o in backend.read(NOTES)] == [Reading, InputRefused]
        server.will(problem(422, FIELD))
        assert [type(o) for o in asyncio.run(aread(backend))] == [Reading, InputRefused]
    assert [len(asked.body["segments"]) for asked in server.asked] == [2, 1, 2, 1]
    ids = [asked.headers["x-request-id"] for asked in server.asked]
    assert len(set(ids)) == 4
