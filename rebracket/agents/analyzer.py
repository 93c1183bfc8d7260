"""The analyzer as a LangChain tool."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from langchain_core.tools import ArgsSchema, BaseTool, ToolException
from pydantic import PrivateAttr, ValidationError

from rebracket.agents.analysis import RebracketingAnalysis
from rebracket.agents.arguments import AnalyzerArguments, explain, to_segment
from rebracket.agents.backends import Backend, Outcome, Reading
from rebracket.agents.backends.service import ServiceBackend
from rebracket.agents.coalesce import TurnBatches, WindowBatches
from rebracket.agents.messages import UNEXPECTED, tell
from rebracket.schemas import Segment
from rebracket.taxonomy import TYPES

logger = logging.getLogger(__name__)

NAME = "rebracketing_analyzer"
WINDOW_S = 0.02

Answer = tuple[str, RebracketingAnalysis]


class RebracketingAnalyzerTool(BaseTool):
    """Says along which axis a concept's boundaries are re-parsed; for any LangGraph graph.

    The answer is a sentence, with a `RebracketingAnalysis` as its artifact; what goes wrong is a
    tool message too. Calls that come together go out as one request; share one tool between them.

    Args:
        base_url: where the service is; default: `REBRACKET_URL`.
        api_key: opens it; default: `REBRACKET_API_KEY`.
        backend: reads concepts in the place of that service.
        folder: whose files may be named as music; by default none, and music comes as base64.
        window_s: seconds without another call after which those of threads go out; coroutines'
            calls go out after a turn of the event loop.
        options: fields of BaseTool.

    Raises:
        ConfigError: no backend, and no URL, or one that can't be called.
    """

    name: str = NAME
    description: str = (
        "Reads a concept (with its lyrics, notes and sound, where there are any) and says along which of eight axes it redraws its "
        f"boundaries ({', '.join(TYPES)}), how strongly (intensity, 0 to 1) and how sure that is."
    )
    args_schema: ArgsSchema | None = AnalyzerArguments
    response_format: Literal["content", "content_and_artifact"] = "content_and_artifact"
    handle_tool_error: Any = True
    handle_validation_error: bool | str | Callable[[Any], str] | None = explain

    _backend: Backend = PrivateAttr()
    _folder: Path | None = PrivateAttr()
    _turns: TurnBatches = PrivateAttr()
    _windows: WindowBatches = PrivateAttr()

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        backend: Backend | None = None,
        folder: Path | None = None,
        window_s: float = WINDOW_S,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._folder = folder
        self._backend = backend or ServiceBackend(base_url, api_key)
        self._turns = TurnBatches(self._backend.aread)
        self._windows = WindowBatches(self._backend.read, window_s=window_s)

    def _run(self, **given: Any) -> Answer:
        segment, hint = self._segment(given)
        try:
            outcome = self._windows.submit(segment)
        except Exception:
            logger.exception("analysis failed")
            raise ToolException(UNEXPECTED) from None
        return _answer(outcome, hint)

    async def _arun(self, **given: Any) -> Answer:
        if given.get("midi") or given.get("audio"):  # a file is read, and much is decoded
            segment, hint = await asyncio.to_thread(self._segment, given)
        else:
            segment, hint = self._segment(given)
        try:
            outcome = await self._turns.submit(segment)
        except Exception:
            logger.exception("analysis failed")
            raise ToolException(UNEXPECTED) from None
        return _answer(outcome, hint)

    def _segment(self, given: dict[str, Any]) -> tuple[Segment, str | None]:
        try:
            return to_segment(AnalyzerArguments.model_validate(given), self._folder)
        except ValidationError as error:
            raise ToolException(explain(error)) from None
        except OSError as error:
            raise ToolException(f"The file can't be read: {error.strerror}") from None

    def close(self) -> None:
        """Close what the backend holds open."""
        self._backend.close()

    async def aclose(self) -> None:
        """Close what the backend holds open, also for the running loop."""
        await self._backend.aclose()


def _answer(outcome: Outcome, hint: str | None) -> Answer:
    if not isinstance(outcome, Reading):
        raise ToolException(tell(outcome))
    analysis = RebracketingAnalysis.of(
        outcome.prediction, request_id=outcome.request_id, truncated=hint
    )
    return analysis.sentence(), analysis
