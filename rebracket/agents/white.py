"""The White Agent: writes, has it read, and revises until it is read as asked."""

from collections.abc import Sequence
from typing import Any, Literal
from uuid import uuid4

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import Checkpointer

from rebracket.agents import words
from rebracket.agents.analyzer import NAME, RebracketingAnalyzerTool
from rebracket.agents.judge import ROUND_STEPS, Judge
from rebracket.agents.state import KEPT, Result, State, Task

PARALLEL_CALLS = 64
"""Threads for the tool calls of one round; fewer would cut the batch that they go out in."""

WhiteAgent = CompiledStateGraph[State, None, Task, Result]


def create_white_agent(
    model: BaseChatModel,
    analyzer: RebracketingAnalyzerTool | None = None,
    *,
    tools: Sequence[BaseTool] = (),
    budget: int = 8,
    checkpointer: Checkpointer = None,
) -> WhiteAgent:
    """A graph that takes a `Task` and ends with a `Result`, invoked, streamed, or resumed.

    Args:
        model: any chat model that calls tools.
        analyzer: reads the drafts; default: one for the service of `REBRACKET_URL`.
        tools: what else the model may call.
        budget: rounds after which a run ends without having reached its goal.
        checkpointer: keeps every step, so that a run goes on after a crash.

    A lower `recursion_limit` than the budget needs ends a run as a spent budget does; the least is 5.

    Raises:
        ConfigError: no analyzer, and no URL for one.
        ValueError: a budget below 1, or two tools of one name.
    """
    if budget < 1:
        raise ValueError(f"budget: expected at least 1 round, got {budget}")
    at_hand = [analyzer or RebracketingAnalyzerTool(), *tools]
    if len({tool.name for tool in at_hand}) < len(at_hand):
        raise ValueError("tools: two have the same name")
    graph = StateGraph(State, input_schema=Task, output_schema=Result)
    graph.add_node("begin", begin)
    graph.add_node("write", _writer(model, at_hand))
    graph.add_node("tools", ToolNode(at_hand, handle_tool_errors=_tell))
    graph.add_node("judge", Judge(budget))
    graph.add_edge(START, "begin")
    graph.add_conditional_edges("begin", _after_begin)
    graph.add_conditional_edges("write", _after_write)
    graph.add_edge("tools", "judge")
    graph.add_conditional_edges("judge", _after_judge, {"revise": "write", "end": END})
    if isinstance(checkpointer, BaseCheckpointSaver):
        checkpointer = checkpointer.with_allowlist([(t.__module__, t.__name__) for t in KEPT])
    return graph.compile(checkpointer=checkpointer, name="white_agent").with_config(
        recursion_limit=2 + ROUND_STEPS * budget, max_concurrency=PARALLEL_CALLS
    )


def tools_of(agent: WhiteAgent) -> list[BaseTool]:
    """The tools that an agent's model may call."""
    node = agent.get_graph().nodes["tools"].data
    assert isinstance(node, ToolNode)
    return list(node.tools_by_name.values())


def begin(state: State) -> dict[str, Any]:
    """A new run: the task in words; a concept that came with it is the first draft."""
    messages: list[AnyMessage] = [HumanMessage(words.assignment(state))]
    concept = state.get("concept")
    if concept:
        given = {"concept": concept, "lyrics": state.get("lyrics")}
        call = {"name": NAME, "args": given, "id": uuid4().hex, "type": "tool_call"}
        messages.append(AIMessage("", tool_calls=[call]))
    return {"messages": messages, "rounds": 0, "best": None, "outcome": None}


def _writer(model: BaseChatModel, tools: Sequence[BaseTool]) -> Runnable[State, dict[str, Any]]:
    def prompt(state: State) -> list[AnyMessage]:
        return [SystemMessage(words.SYSTEM), *state["messages"]]

    def keep(message: AIMessage) -> dict[str, Any]:
        return {"messages": [message]}

    return prompt | model.bind_tools(tools) | keep


def _after_begin(state: State) -> Literal["tools", "write"]:
    return "tools" if state.get("concept") else "write"


def _after_write(state: State) -> Literal["tools", "judge"]:
    message = state["messages"][-1]
    return "tools" if isinstance(message, AIMessage) and message.tool_calls else "judge"


def _after_judge(state: State) -> Literal["revise", "end"]:
    return "end" if state["outcome"] else "revise"


def _tell(error: Exception) -> str:
    """What the model is told where a tool of others' fails, or gets arguments that it can't take."""
    return f"The tool failed: {error}. Call again with other arguments, or go on without it."
