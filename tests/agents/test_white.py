"""The White Agent writes, has it read, revises, and always ends."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import BaseTool, tool

from rebracket.agents import RebracketingAnalyzerTool, create_white_agent, tools_of
from rebracket.agents.state import Result, Task
from rebracket.agents.white import WhiteAgent
from rebracket.errors import Busy
from tests.agents.doubles import ANALYZER, GOAL, ScriptedBackend, ScriptedModel, calls, drafts

BRIEF: Task = {"goal": GOAL, "brief": "a song about a pantry"}
Run = Callable[..., Result]


def agent(
    *turns: AIMessage, backend: ScriptedBackend | None = None, **options: Any
) -> tuple[WhiteAgent, ScriptedModel, ScriptedBackend]:
    model, backend = ScriptedModel(*turns), backend or ScriptedBackend()
    made = create_white_agent(model, RebracketingAnalyzerTool(backend=backend), **options)
    return made, model, backend


@pytest.fixture(params=["invoke", "ainvoke"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs an agent to its end, blocking or awaited."""
    if request.param == "invoke":
        return lambda agent, task, **config: agent.invoke(task, config)
    return lambda agent, task, **config: asyncio.run(agent.ainvoke(task, config))


def test_when_it_initializes_its_tools_are_in_its_list() -> None:
    @tool
    def dictionary(word: str) -> str:
        """What a word means."""
        return word

    made, model, _ = agent(drafts("memory 0.7"))
    assert [tool.name for tool in tools_of(made)] == ["rebracketing_analyzer"]
    assert model.tool_names == ["rebracketing_analyzer"]
    made, model, _ = agent(drafts("memory 0.7"), tools=[dictionary])
    assert [tool.name for tool in tools_of(made)] == ["rebracketing_analyzer", "dictionary"]
    assert model.tool_names == ["rebracketing_analyzer", "dictionary"]


def test_it_revises_until_it_is_read_as_asked(run: Run) -> None:
    made, model, _ = agent(
        drafts("spatial 0.7 a"), drafts("memory 0.4 b"), drafts("memory 0.65 c"), drafts("unused")
    )
    result = run(made, BRIEF)
    assert (result["outcome"], result["rounds"]) == ("reached", 3)
    assert result["best"]
    assert result["best"].concept == "memory 0.65 c"
    assert result["best"].analysis.intensity == 0.65
    first, second, third = model.heard
    assert isinstance(first[0], SystemMessage)
    assert "a song about a pantry" in str(first[1].content)
    assert "It has to be read as memory. Rounds left: 7." in str(second[-1].content)
    assert "It has to be stronger: 0.70. Rounds left: 6." in str(third[-1].content)


def test_a_concept_that_is_given_is_read_first(run: Run) -> None:
    made, model, backend = agent(drafts("memory 0.7 b"))
    result = run(made, {"goal": GOAL, "concept": "memory 0.9 a", "lyrics": "la"})
    assert [batch[0].text for batch in backend.batches] == ["memory 0.9 a", "memory 0.7 b"]
    assert backend.batches[0][0].lyrics == "la"
    assert "It has to be weaker: 0.70" in str(model.heard[0][-1].content)
    assert result["outcome"] == "reached"


def test_a_concept_that_is_right_already_costs_no_model(run: Run) -> None:
    made, model, _ = agent(drafts("unused"))
    assert run(made, {"goal": GOAL, "concept": "memory 0.71"})["outcome"] == "reached"
    assert model.heard == []


def test_parallel_drafts_are_one_batch_and_the_nearest_is_kept() -> None:
    """Awaited: one turn of the loop. For threads see tests/system/test_agents.py."""
    made, _, backend = agent(drafts(*(f"memory 0.{i}" for i in range(10))), budget=1)
    result = cast("Result", asyncio.run(made.ainvoke(BRIEF)))
    assert backend.sizes == [10]
    assert result["best"]
    assert result["best"].concept == "memory 0.7"


def test_parallel_drafts_are_one_batch_while_events_are_traced() -> None:
    made, _, backend = agent(drafts(*(f"memory 0.{i}" for i in range(10))), budget=1)

    async def trace() -> int:
        return len([event async for event in made.astream_events(BRIEF)])

    assert asyncio.run(trace()) > 10
    assert backend.sizes == [10]


@pytest.mark.parametrize(
    ("turn", "told"),
    [
        (calls({"concept": 5}), "concept: Input should be a valid string"),
        (calls({"word": "a"}), "word: Extra inputs"),
        (calls({"concept": "a"}, tool="oracle"), "oracle is not a valid tool"),
    ],
)
def test_wrong_calls_are_told_to_the_model_that_mends_them(
    run: Run, turn: AIMessage, told: str
) -> None:
    made, model, _ = agent(turn, drafts("memory 0.7"))
    assert run(made, BRIEF)["outcome"] == "reached"
    *_, answer, verdict = model.heard[1]
    assert isinstance(answer, ToolMessage)
    assert told in str(answer.content)
    assert "No draft was read" in str(verdict.content)


def test_calls_that_are_not_json_are_answered_by_their_id(run: Run) -> None:
    broken = AIMessage(
        "",
        invalid_tool_calls=[
            {"name": ANALYZER, "args": "{", "id": "x", "error": "", "type": "invalid_tool_call"}
        ],
    )
    made, model, _ = agent(broken, drafts("memory 0.7"))
    assert run(made, BRIEF)["outcome"] == "reached"
    answer = model.heard[1][-2]
    assert isinstance(answer, ToolMessage)
    assert (answer.tool_call_id, answer.status) == ("x", "error")


def test_a_model_that_only_talks_is_told_to_call(run: Run) -> None:
    made, model, _ = agent(AIMessage("How about a pantry?"), drafts("memory 0.7"))
    assert run(made, BRIEF)["outcome"] == "reached"
    assert isinstance(model.heard[1][-1], HumanMessage)
    assert "Call rebracketing_analyzer" in str(model.heard[1][-1].content)


def test_a_service_that_is_busy_is_told_to_the_model(run: Run) -> None:
    good, busy = ScriptedBackend(), Busy("", request_id="r", status=429, title="Busy")
    backend = ScriptedBackend(lambda s: good.read([s])[0] if backend.batches[1:] else busy)
    made, model, _ = agent(drafts("memory 0.7"), drafts("memory 0.7"), backend=backend)
    assert run(made, BRIEF)["outcome"] == "reached"
    assert "busy, try again in 1 s" in str(model.heard[1][-2].content)


def test_another_tool_that_fails_does_not_end_the_run(run: Run) -> None:
    @tool
    def dictionary(word: str) -> str:
        """What a word means."""
        raise OSError(f"no page for {word}")

    made, model, _ = agent(
        calls({"word": "larder"}, tool="dictionary"), drafts("memory 0.7"), tools=[dictionary]
    )
    assert run(made, BRIEF)["outcome"] == "reached"
    assert "no page for larder" in str(model.heard[1][-2].content)


def test_a_model_that_never_gets_there_ends_with_its_best(run: Run) -> None:
    made, model, _ = agent(drafts("memory 0.4"), drafts("spatial 0.7"), budget=5)
    result = run(made, BRIEF)
    assert (result["outcome"], result["rounds"], len(model.heard)) == ("spent", 5, 5)
    assert result["best"]
    assert result["best"].concept == "memory 0.4"


def test_a_model_that_never_calls_ends_too(run: Run) -> None:
    made, _, _ = agent(AIMessage("hm"), budget=3)
    result = run(made, BRIEF)
    assert (result["outcome"], result["best"]) == ("spent", None)


@pytest.mark.parametrize("limit", range(5, 14))
@pytest.mark.parametrize("task", [BRIEF, {**BRIEF, "concept": "spatial 0.1"}])
def test_a_low_recursion_limit_ends_a_run_and_is_no_error(limit: int, task: Task) -> None:
    made, _, _ = agent(drafts("spatial 0.1"), budget=50)
    result = made.invoke(task, {"recursion_limit": limit})
    assert result["outcome"] == "spent"
    assert result["best"]


def test_a_large_budget_is_not_cut_by_the_graphs_own_limit(run: Run) -> None:
    made, _, _ = agent(drafts("spatial 0.1"), budget=40)
    assert run(made, BRIEF)["rounds"] == 40


def test_its_steps_can_be_watched() -> None:
    made, _, _ = agent(drafts("spatial 0.1"), drafts("memory 0.7"))
    steps = [name for update in made.stream(BRIEF, stream_mode="updates") for name in update]
    assert steps == ["begin", *["write", "tools", "judge"] * 2]


def test_what_can_not_work_is_refused() -> None:
    analyzer: BaseTool = RebracketingAnalyzerTool(backend=ScriptedBackend())
    with pytest.raises(ValueError, match="at least 1 round"):
        agent(drafts("a"), budget=0)
    with pytest.raises(ValueError, match="two have the same name"):
        agent(drafts("a"), tools=[analyzer])
