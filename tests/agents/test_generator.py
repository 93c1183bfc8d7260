"""The generator as graphs use it: words with their reading and an artifact, or what to do instead."""

import asyncio
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import ToolMessage

from rebracket.agents import (
    RebracketingAnalyzerTool,
    RebracketingGeneratorTool,
    create_white_agent,
    tools_of,
)
from rebracket.client import Retries
from rebracket.conditioning import GeneratedSegment
from tests.agents.doubles import ScriptedBackend, ScriptedModel
from tests.music_files import midi
from tests.scripted_server import (
    PREDICTION,
    Behaviour,
    die_half_way,
    hang,
    problem,
    says,
    scripted,
)

Invoke = Callable[..., ToolMessage]
SEGMENT = {
    "segment": {"midi": b64encode(midi()).decode(), "text": "[We danced] there.", "audio": None},
    "analysis": PREDICTION,
    "tokens": None,
    "seed": 7,
    "model": PREDICTION["model"],
    "candidates": [],
    "latency_ms": 500.0,
}
FIELD = {"loc": ["meter"], "msg": "Input should be one of 2/4", "type": "meter"}


@pytest.fixture(params=["invoke", "ainvoke"])
def invoke(request: pytest.FixtureRequest) -> Invoke:
    """Calls a tool in both ways, and closes it."""

    def call(tool: RebracketingGeneratorTool, arguments: dict[str, Any]) -> dict[str, Any]:
        return {"name": tool.name, "args": arguments, "id": "call-1", "type": "tool_call"}

    async def awaiting(tool: RebracketingGeneratorTool, **arguments: Any) -> Any:
        answer = await tool.ainvoke(call(tool, arguments))
        await tool.aclose()
        return answer

    def blocking(tool: RebracketingGeneratorTool, **arguments: Any) -> Any:
        answer = tool.invoke(call(tool, arguments))
        tool.close()
        return answer

    if request.param == "invoke":
        return blocking
    return lambda tool, **arguments: asyncio.run(awaiting(tool, **arguments))


def test_a_segment_is_its_words_with_the_whole_of_it_as_artifact(invoke: Invoke) -> None:
    with scripted() as server:
        server.will(says(200, SEGMENT))
        tool = RebracketingGeneratorTool(server.url, "rb_key")
        message = invoke(tool, type="memory", intensity=0.5, key="Eb", answer_to="the pantry")
        (asked,) = server.asked
    assert message.content == (
        "[We danced] there.\nRead as memory rebracketing, intensity 0.70, confidence 0.80. Its notes "
        "are in the MIDI file of the artifact; seed 7."
    )
    assert isinstance(message.artifact, GeneratedSegment)
    assert message.artifact.segment.midi == midi()
    assert asked.path == "/generate"
    assert asked.headers["authorization"] == "Bearer rb_key"
    assert asked.body["primer"] == {"text": "the pantry"}
    assert (asked.body["type"], asked.body["intensity"], asked.body["key"]) == ("memory", 0.5, "Eb")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({}, "type: Field required"),
        ({"type": "sideways"}, "type: Input should be"),
        ({"type": "memory", "bars": 33}, "bars: Input should be less than or equal to 32"),
        ({"type": "memory", "meter": "7/8"}, "meter: Input should be one of 2/4"),
        ({"type": "memory", "key": "H"}, "key: Input should be a key"),
        ({"type": "memory", "colour": "red"}, "colour: Extra inputs are not permitted"),
    ],
)
def test_wrong_arguments_are_named(invoke: Invoke, arguments: dict[str, Any], told: str) -> None:
    with scripted() as server:
        message = invoke(RebracketingGeneratorTool(server.url), **arguments)
        assert not server.asked
    assert message.status == "error"
    assert told in message.content


@pytest.mark.parametrize(
    ("behaviour", "told"),
    [
        (problem(401), "The service refused the API key (401)"),
        (problem(403), "The service refused the API key (403)"),
        (problem(422, FIELD), "meter: Input should be one of 2/4. Change"),
        (problem(429, Retry_After="3"), "The generator is busy, try again in 3 s"),
        (problem(503), "The generator is busy, try again in 1 s"),
        (problem(500), "The generator failed (500"),
        (hang, "The generator did not answer in time"),
        (die_half_way, "Try once more"),
        (says(200, {"what": "else"}), "not the generator"),
    ],
)
def test_what_goes_wrong_is_a_message_to_act_on(
    invoke: Invoke, behaviour: Behaviour, told: str
) -> None:
    options = {"timeout_s": 0.3, "retries": Retries(attempts=1)}
    with scripted() as server:
        server.will(behaviour)
        tool = RebracketingGeneratorTool(server.url, "rb_key", client_options=options)
        message = invoke(tool, type="memory")
    assert message.status == "error"
    assert told in message.content


def test_the_white_agent_has_it_among_its_tools() -> None:
    tool = RebracketingGeneratorTool("http://127.0.0.1:9")
    agent = create_white_agent(
        ScriptedModel(), RebracketingAnalyzerTool(backend=ScriptedBackend()), tools=[tool]
    )
    assert [item.name for item in tools_of(agent)] == [
        "rebracketing_analyzer",
        "rebracketing_generator",
    ]
    tool.close()
