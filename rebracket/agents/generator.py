"""The generator as a LangChain tool."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Literal

from langchain_core.tools import ArgsSchema, BaseTool, ToolException
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from rebracket.agents.backends.clients import Clients
from rebracket.agents.messages import GO_ON, tell, wrong_arguments
from rebracket.conditioning import Bars, Conditioning, GeneratedSegment, Primer, Tempo
from rebracket.errors import RebracketError
from rebracket.schemas import Probability
from rebracket.taxonomy import RebracketingType

logger = logging.getLogger(__name__)

NAME = "rebracketing_generator"
UNEXPECTED = f"The generator failed in a way that nobody foresaw. {GO_ON}"

Answer = tuple[str, GeneratedSegment]


class GeneratorArguments(BaseModel):
    """Arguments of `rebracketing_generator`; unknown ones are errors that name themselves."""

    model_config = ConfigDict(extra="forbid")

    type: RebracketingType = Field(description="Along which axis boundaries are to be redrawn.")
    intensity: Probability = Field(0.7, description="How strongly.")
    bars: Bars = 8
    tempo: Tempo = 100.0
    meter: str = Field("4/4", description="As 3/4 or 6/8.")
    key: str | None = Field(
        None, description="As 'C major' or 'F# minor'; any where it is not said."
    )
    answer_to: str | None = Field(None, description="Words that the segment's words answer.")
    seed: int | None = Field(None, description="The same seed gives the same segment.")


def to_conditioning(given: dict[str, Any]) -> Conditioning:
    """What is asked of the service.

    Raises:
        ValidationError: an argument is not valid.
    """
    arguments = GeneratorArguments.model_validate(given)
    words = arguments.answer_to
    return Conditioning.model_validate(
        {
            **arguments.model_dump(exclude={"answer_to"}),
            "primer": Primer(text=words) if words and not words.isspace() else None,
        }
    )


def explain(error: ValidationError) -> str:
    """What was wrong with the arguments, for the model that gave them."""
    return f"{wrong_arguments(error)} Change them and call again."


class RebracketingGeneratorTool(BaseTool):
    """Writes a segment, notes and words, that the service reads as the type and intensity asked for.

    The answer is the words and how they and the notes are read; the artifact is the `GeneratedSegment`
    with its MIDI file. What goes wrong is a tool message too.

    Args:
        base_url: where the service is; default: `REBRACKET_URL`.
        api_key: opens it, with the scope `generate`; default: `REBRACKET_API_KEY`.
        client_options: what `rebracket.client.Client` takes besides.
        options: fields of BaseTool.

    Raises:
        ConfigError: no URL, or one that can't be called.
    """

    name: str = NAME
    description: str = (
        "Writes a segment of music with words whose boundaries are redrawn along one of eight axes "
        f"({', '.join(RebracketingType)}), as strongly as asked (intensity, 0 to 1)."
    )
    args_schema: ArgsSchema | None = GeneratorArguments
    response_format: Literal["content", "content_and_artifact"] = "content_and_artifact"
    handle_tool_error: Any = True
    handle_validation_error: bool | str | Callable[[Any], str] | None = explain

    _clients: Clients = PrivateAttr()

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        client_options: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._clients = Clients(base_url, api_key, **(client_options or {}))

    def _run(self, **given: Any) -> Answer:
        asked = _asked(given)
        try:
            return _told(self._clients.blocking.generate(asked))
        except RebracketError as error:
            raise ToolException(tell(error, "generator")) from None
        except Exception:
            logger.exception("generation failed")
            raise ToolException(UNEXPECTED) from None

    async def _arun(self, **given: Any) -> Answer:
        asked = await asyncio.to_thread(_asked, given)
        try:
            return _told(await self._clients.awaiting().generate(asked))
        except RebracketError as error:
            raise ToolException(tell(error, "generator")) from None
        except Exception:
            logger.exception("generation failed")
            raise ToolException(UNEXPECTED) from None

    def close(self) -> None:
        """Close the threads' connections."""
        self._clients.close()

    async def aclose(self) -> None:
        """Close the threads' connections and the running loop's."""
        await self._clients.aclose()


def _asked(given: dict[str, Any]) -> Conditioning:
    try:
        return to_conditioning(given)
    except ValidationError as error:
        raise ToolException(explain(error)) from None


def _told(answer: GeneratedSegment) -> Answer:
    read = answer.analysis
    told = (
        f"{answer.segment.text}\nRead as {read.type} rebracketing, intensity {read.intensity:.2f}, "
        f"confidence {read.confidence:.2f}. Its notes are in the MIDI file of the artifact; seed "
        f"{answer.seed}."
    )
    return told, answer
