"""A chat model with a script, and a back end that reads as a test tells it to."""

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any
from uuid import uuid4

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import BaseTool
from pydantic import PrivateAttr

from rebracket.agents.backends import Outcome, Reading
from rebracket.agents.state import Goal
from rebracket.schemas import Prediction, Segment
from rebracket.taxonomy import TYPES, RebracketingType

ANALYZER = "rebracketing_analyzer"
GOAL = Goal(type=RebracketingType.MEMORY, intensity=0.7)


def calls(*arguments: dict[str, Any], tool: str = ANALYZER) -> AIMessage:
    """A model's turn that calls a tool once for each of the arguments."""
    made = [
        {"name": tool, "args": given, "id": uuid4().hex, "type": "tool_call"} for given in arguments
    ]
    return AIMessage("", tool_calls=made)


def drafts(*concepts: str) -> AIMessage:
    return calls(*({"concept": concept} for concept in concepts))


class ScriptedModel(BaseChatModel):
    """Takes its turns from a script; an exception is raised, the last turn repeated for ever."""

    script: list[Any]
    heard: list[list[BaseMessage]]
    _bound: list[str] = PrivateAttr(default_factory=list)

    def __init__(self, *script: AIMessage | BaseException) -> None:
        super().__init__(script=list(script), heard=[])

    @property
    def tool_names(self) -> list[str]:
        return self._bound

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **_: Any) -> Any:
        self._bound = [tool.name for tool in tools if isinstance(tool, BaseTool)]
        return self

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        self.heard.append(messages)
        turn = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(turn, BaseException):
            raise turn
        # A message's id is its identity in the state: a repeated turn is a new message.
        message = turn.model_copy(update={"id": uuid4().hex})
        return ChatResult(generations=[ChatGeneration(message=message)])


def prediction(kind: str = "memory", intensity: float = 0.7) -> Prediction:
    odds = {t: 0.8 if t == kind else 0.2 / 7 for t in TYPES}
    return Prediction.model_validate(
        {
            "segment_id": None,
            "type": kind,
            "intensity": intensity,
            "confidence": 0.8,
            "probabilities": odds,
            "modalities": ["text"],
            "model": {"name": "rebracket-segment", "version": "1.0.0", "variant": "default"},
            "metadata": None,
            "latency_ms": 1,
        }
    )


def by_words(segment: Segment) -> Outcome:
    """Reads 'identity 0.3 …' as what it says."""
    kind, intensity, *_ = (segment.text or "").split()
    return Reading(prediction(kind, float(intensity)), request_id="r-1")


class ScriptedBackend:
    """Reads every segment with a function, and remembers the batches."""

    def __init__(self, reads: Callable[[Segment], Outcome] = by_words) -> None:
        self._reads = reads
        self._lock = Lock()
        self.batches: list[list[Segment]] = []

    @property
    def sizes(self) -> list[int]:
        return [len(batch) for batch in self.batches]

    def read(self, segments: Sequence[Segment]) -> list[Outcome]:
        with self._lock:
            self.batches.append(list(segments))
        return [self._reads(segment) for segment in segments]

    async def aread(self, segments: Sequence[Segment]) -> list[Outcome]:
        return self.read(segments)

    def close(self) -> None:
        """Holds nothing."""

    async def aclose(self) -> None:
        """Holds nothing."""
