"""What the White Agent knows while it works."""

from typing import Annotated, Literal, Required, TypedDict

from langchain_core.messages import AnyMessage
from langgraph.graph.message import add_messages
from langgraph.managed import RemainingSteps
from pydantic import BaseModel, ConfigDict, Field

from rebracket.agents.analysis import RebracketingAnalysis
from rebracket.schemas import Probability
from rebracket.taxonomy import RebracketingType


class Goal(BaseModel):
    """The reading that a concept is to get; `tolerance` is how far its intensity may be off."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: RebracketingType
    intensity: Probability
    tolerance: Probability = 0.1

    def is_reached_by(self, analysis: RebracketingAnalysis) -> bool:
        """Whether this reading is the asked one."""
        off = abs(analysis.intensity - self.intensity)
        return analysis.type == self.type and off <= self.tolerance

    def distance(self, analysis: RebracketingAnalysis) -> float:
        """How far a reading is off, from 0; one that reaches the goal is nearer than any other."""
        if self.is_reached_by(analysis):
            return abs(analysis.intensity - self.intensity) - 1
        missing = 1 - analysis.probabilities.get(self.type, 0.0)
        return missing + abs(analysis.intensity - self.intensity)


class Draft(BaseModel):
    """A concept that was analysed."""

    model_config = ConfigDict(frozen=True)

    concept: str
    lyrics: str | None = None
    analysis: RebracketingAnalysis


class Task(TypedDict, total=False):
    """What the agent is given: the goal, and a concept to revise or a brief to write one for."""

    goal: Required[Goal]
    concept: str
    lyrics: str | None
    brief: str


class State(Task):
    """The state of a run; `outcome` is there once it has ended.

    `best` is the draft nearest to the goal, None where none could be analysed; `rounds` counts how
    often drafts were judged.
    """

    messages: Annotated[list[AnyMessage], add_messages]
    rounds: int
    best: Draft | None
    outcome: Literal["reached", "spent"] | None
    remaining_steps: RemainingSteps


class Result(TypedDict):
    """What a run gives back."""

    goal: Goal
    outcome: Literal["reached", "spent"]
    best: Annotated[Draft | None, Field(description="Nearest to the goal.")]
    rounds: int
    messages: Annotated[list[AnyMessage], add_messages]


KEPT = (Draft, Goal, RebracketingAnalysis, RebracketingType)
"""The types that checkpoints hold; strict checkpointers read back no others."""
