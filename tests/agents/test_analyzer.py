"""The tool as graphs use it: a sentence and an artifact, or a message that says what to do."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import ToolMessage
from langgraph.prebuilt import ToolNode

from rebracket.agents import RebracketingAnalysis, RebracketingAnalyzerTool, ServiceBackend
from rebracket.client import Retries
from rebracket.errors import ConfigError, InvalidRequest
from tests.agents.doubles import ANALYZER, ScriptedBackend
from tests.scripted_server import Behaviour, die_half_way, hang, problem, scripted

Invoke = Callable[..., ToolMessage]
FIELD = {"loc": ["segments", 0, "text"], "msg": "No readable words", "type": "no_readable_words"}


def call(**arguments: Any) -> dict[str, Any]:
    return {"name": ANALYZER, "args": arguments, "id": "call-1", "type": "tool_call"}


@pytest.fixture(params=["invoke", "ainvoke"])
def invoke(request: pytest.FixtureRequest) -> Invoke:
    """Calls a tool in both ways, and closes it."""

    async def ainvoke(tool: RebracketingAnalyzerTool, **arguments: Any) -> Any:
        answer = await tool.ainvoke(call(**arguments))
        await tool.aclose()
        return answer

    def blocking(tool: RebracketingAnalyzerTool, **arguments: Any) -> Any:
        answer = tool.invoke(call(**arguments))
        tool.close()
        return answer

    if request.param == "invoke":
        return blocking
    return lambda tool, **arguments: asyncio.run(ainvoke(tool, **arguments))


def test_a_chat_model_sees_its_name_and_arguments() -> None:
    tool = RebracketingAnalyzerTool(backend=ScriptedBackend())
    assert tool.name == ANALYZER
    assert set(tool.args) == {"concept", "lyrics", "midi", "audio"}
    assert "narrative" in tool.description


def test_a_reading_is_a_sentence_with_its_artifact(invoke: Invoke) -> None:
    backend = ScriptedBackend()
    message = invoke(RebracketingAnalyzerTool(backend=backend), concept="causal 0.41", lyrics="la")
    assert message.content == (
        "causal rebracketing, intensity 0.41, confidence 0.80; second: spatial (0.03)."
    )
    analysis = message.artifact
    assert isinstance(analysis, RebracketingAnalysis)
    assert (analysis.type, analysis.second_type, analysis.model_version) == (
        "causal",
        "spatial",
        "1.0.0",
    )
    assert (analysis.request_id, analysis.truncated) == ("r-1", None)
    assert backend.batches[0][0].lyrics == "la"


def test_a_cut_concept_is_told_to_the_model_and_in_the_artifact(invoke: Invoke) -> None:
    message = invoke(
        RebracketingAnalyzerTool(backend=ScriptedBackend()), concept="memory 0.7 " + "a" * 10_000
    )
    hint = "Only the first 10000 of 10011 characters of the concept were read."
    assert message.artifact.truncated == hint
    assert str(message.content).endswith(hint)


@pytest.mark.parametrize("arguments", [{}, {"concept": ""}, {"concept": "a", "audio": "b"}])
def test_wrong_arguments_are_answered_without_asking_anybody(
    invoke: Invoke, arguments: dict[str, Any]
) -> None:
    backend = ScriptedBackend()
    message = invoke(RebracketingAnalyzerTool(backend=backend), **arguments)
    assert (message.status, message.artifact) == ("error", None)
    assert "Call again with concept" in message.content
    assert backend.batches == []


def test_words_that_hold_nothing_are_blamed_on_their_argument(invoke: Invoke) -> None:
    error = InvalidRequest([{"loc": ["text"], "msg": "No readable words", "type": "t"}])
    message = invoke(
        RebracketingAnalyzerTool(backend=ScriptedBackend(lambda _: error)), concept="a"
    )
    assert message.status == "error"
    assert message.content == "concept: No readable words. Change the argument and call again."


def test_what_nobody_foresaw_is_a_message_too(invoke: Invoke) -> None:
    def fail(_: object) -> Any:
        raise RuntimeError("a path and a secret")

    message = invoke(RebracketingAnalyzerTool(backend=ScriptedBackend(fail)), concept="a")
    assert message.status == "error"
    assert "nobody foresaw" in message.content
    assert "secret" not in message.content


@pytest.mark.parametrize(
    ("behaviour", "told"),
    [
        (problem(401), "The service refused the API key (401)"),
        (problem(422, FIELD), "concept: No readable words. Change"),
        (problem(429, Retry_After="3"), "busy, try again in 3 s"),
        (problem(503), "busy, try again in 1 s"),
        (problem(500), "Try once more"),
        (hang, "did not answer in time"),
        (die_half_way, "Try once more"),
    ],
)
def test_a_failing_service_is_told_to_the_model(
    invoke: Invoke, behaviour: Behaviour, told: str
) -> None:
    with scripted() as server:
        server.will(behaviour)
        once = Retries(attempts=1)
        backend = ServiceBackend(server.url, "rb_key", timeout_s=0.3, retries=once)
        message = invoke(RebracketingAnalyzerTool(backend=backend), concept="a")
    assert message.status == "error"
    assert told in message.content


def test_the_service_is_found_by_environment(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match="REBRACKET_URL"):
        RebracketingAnalyzerTool()
    with scripted() as server:
        monkeypatch.setenv("REBRACKET_URL", server.url)
        monkeypatch.setenv("REBRACKET_API_KEY", "rb_env")
        message = invoke(RebracketingAnalyzerTool(), concept="a")
        assert server.asked[0].headers["authorization"] == "Bearer rb_env"
        assert message.artifact.request_id == server.asked[0].headers["x-request-id"]


def test_the_calls_of_one_tool_node_are_one_request_and_fail_alone() -> None:
    """In coroutines nothing depends on a clock; a foreign graph's ToolNode is enough."""
    bad = InvalidRequest([{"loc": ["text"], "msg": "No readable words", "type": "t"}])
    good = ScriptedBackend()
    backend = ScriptedBackend(lambda s: bad if s.text == "bad" else good.read([s])[0])
    tool = RebracketingAnalyzerTool(backend=backend)

    async def run() -> list[ToolMessage]:
        concepts = ["bad" if index == 3 else f"memory 0.{index}" for index in range(10)]
        invocations = [tool.ainvoke(call(concept=concept)) for concept in concepts]
        return list(await asyncio.gather(*invocations))

    messages = asyncio.run(run())
    assert backend.sizes == [10]
    assert [m.status for m in messages].index("error") == 3
    assert [m.status for m in messages].count("error") == 1
    assert messages[7].artifact.intensity == 0.7


def test_it_is_a_tool_of_any_tool_node() -> None:
    tool = RebracketingAnalyzerTool(backend=ScriptedBackend())
    assert list(ToolNode([tool]).tools_by_name) == [ANALYZER]
