"""The client, the tool and the White Agent against the running service."""

import asyncio
from typing import cast

import httpx2
import pytest
from langchain_core.messages import ToolMessage

from rebracket.agents import Goal, RebracketingAnalyzerTool, ServiceBackend, create_white_agent
from rebracket.agents.state import Result, Task
from rebracket.client import Client
from rebracket.errors import InputRefused, KeyRefused
from rebracket.registry import ExportedModel
from rebracket.schemas import ItemError, Segment
from rebracket.taxonomy import TYPES, RebracketingType
from tests.agents.doubles import ScriptedModel, calls, drafts
from tests.system.conftest import Server

LARDER = "A larder so deep that it holds the street it stands in."
FORGOT = "We remembered the summer so often that we wore it out, and kept the wear."
NOTES = [
    f"Verse {index} sits in the pocket of the verse that comes after it." for index in range(9)
]
UNREADABLE = "\u200b"
TASK: Task = {"goal": Goal(type=RebracketingType.CAUSAL, intensity=1, tolerance=0), "brief": "b"}
PATIENT_S = 2.0


def batches_answered(server: Server) -> float:
    """How many requests to /predict_batch the service counts as answered with 200."""
    text = httpx2.get(f"{server.url}/metrics", timeout=60).text
    lines = [
        line
        for line in text.splitlines()
        if line.startswith("bentoml_service_request_total{")
        and 'endpoint="/predict_batch"' in line
        and 'http_response_code="200"' in line
    ]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def test_the_client_speaks_with_the_service(
    server: Server, api_key: str, exported: ExportedModel
) -> None:
    with Client(server.url, api_key) as client:
        assert client.health().ready
        assert client.models().models[0].version == exported.version
        assert client.predict(Segment(text=LARDER)).type in TYPES
        batch = client.predict_batch([Segment(text=LARDER), Segment(text=UNREADABLE)])
        assert isinstance(batch.predictions[1], ItemError)
        with pytest.raises(InputRefused) as refused:
            client.predict(Segment(text=UNREADABLE), request_id="take-7")
        assert (refused.value.request_id, refused.value.errors[0]["loc"]) == ("take-7", ["text"])
    with Client(server.url, "rb_wrong") as stranger, pytest.raises(KeyRefused):
        stranger.predict(Segment(text=LARDER))


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_ten_parallel_calls_are_one_batch_at_the_service(
    server: Server, api_key: str, way: str
) -> None:
    """One of the ten can't be read, and fails alone."""
    backend = ServiceBackend(server.url, api_key)
    # The patience is for the threads of a busy machine; coroutines need none.
    tool = RebracketingAnalyzerTool(backend=backend, window_s=PATIENT_S)
    agent = create_white_agent(ScriptedModel(drafts(*NOTES, UNREADABLE)), tool, budget=1)

    async def ainvoke() -> object:
        result = await agent.ainvoke(TASK)
        await tool.aclose()
        return result

    before = batches_answered(server)
    result = cast("Result", asyncio.run(ainvoke()) if way == "ainvoke" else agent.invoke(TASK))
    tool.close()
    answers = [message for message in result["messages"] if isinstance(message, ToolMessage)]
    assert batches_answered(server) - before == 1
    assert [answer.status for answer in answers] == ["success"] * 9 + ["error"]
    assert "concept: No readable words" in str(answers[-1].content)
    assert len({answer.artifact.request_id for answer in answers[:-1]}) == 1


def test_the_white_agent_works_with_the_service(server: Server, api_key: str) -> None:
    """Its goal is the reading that the service gives to the third draft."""
    with Client(server.url, api_key) as client:
        wanted = client.predict(Segment(text=FORGOT))
    goal = Goal(type=wanted.type, intensity=wanted.intensity, tolerance=0.01)
    model = ScriptedModel(calls({"idea": LARDER}), drafts("la", "la la la"), drafts(FORGOT))
    tool = RebracketingAnalyzerTool(server.url, api_key)
    result = create_white_agent(model, tool).invoke({"goal": goal, "brief": "forgetting"})
    tool.close()
    for message in result["messages"]:
        print(message.pretty_repr())  # noqa: T201 - the transcript, shown by `pytest -s`
    assert (result["outcome"], result["rounds"]) == ("reached", 3)
    assert result["best"]
    assert result["best"].concept == FORGOT
