"""Judges the drafts of one round against the goal, and says what to change."""

from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from rebracket.agents import words
from rebracket.agents.analysis import RebracketingAnalysis
from rebracket.agents.state import Draft, State

ROUND_STEPS = 3
"""Steps of the graph that a round takes: write, tools, judge."""


class Judge:
    """A node of the graph; ends a run at its goal, after `budget` rounds, or out of steps."""

    def __init__(self, budget: int) -> None:
        self._budget = budget

    def __call__(self, state: State) -> dict[str, Any]:
        """The state's changes after a round."""
        goal, rounds = state["goal"], state["rounds"] + 1
        turn, results = _last_turn(state["messages"])
        drafts = list(_drafts(turn, results))
        known = [*([state["best"]] if state["best"] else []), *drafts]
        best = min(known, key=lambda draft: goal.distance(draft.analysis), default=None)
        changes: dict[str, Any] = {"rounds": rounds, "best": best}
        if best and goal.is_reached_by(best.analysis):
            return {**changes, "outcome": "reached"}
        if rounds >= self._budget or state["remaining_steps"] <= ROUND_STEPS:
            return {**changes, "outcome": "spent"}
        told = words.verdict(goal, drafts, best, self._budget - rounds)
        return {**changes, "messages": [*_unreadable(turn), HumanMessage(told)]}


def _last_turn(messages: Sequence[AnyMessage]) -> tuple[AIMessage, list[ToolMessage]]:
    """The model's last message, and what its tools answered."""
    results: list[ToolMessage] = []
    for message in reversed(messages):
        if isinstance(message, AIMessage):
            return message, results
        if isinstance(message, ToolMessage):
            results.insert(0, message)
    raise AssertionError("a model's turn comes before every judgement")


def _drafts(turn: AIMessage, results: Sequence[ToolMessage]) -> Iterator[Draft]:
    arguments = {call["id"]: call["args"] for call in turn.tool_calls}
    for result in results:
        if isinstance(result.artifact, RebracketingAnalysis):
            yield Draft(**arguments[result.tool_call_id], analysis=result.artifact)


def _unreadable(turn: AIMessage) -> list[ToolMessage]:
    """Answers to calls whose arguments are not JSON: services refuse a history that lacks them."""
    return [
        ToolMessage(words.UNREADABLE_CALL, tool_call_id=call["id"], status="error")
        for call in turn.invalid_tool_calls
        if call["id"]
    ]
