"""What `POST /generate` takes and gives, as pydantic models."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    TypeAdapter,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from rebracket.notation import METERS, MOST_BARS, key_number
from rebracket.schemas import Audio, Midi, ModelRef, Prediction, Probability, Schema, Words
from rebracket.taxonomy import RebracketingType

MOST_CANDIDATES = 16
MOST_SEED = 2**63 - 1
SLOWEST, FASTEST = 30.0, 300.0
"""Beats a minute."""

Returned = Literal["midi", "audio", "text", "tokens"]
NOTES: frozenset[Returned] = frozenset({"midi", "audio", "tokens"})
"""What can be returned of a segment's notes."""

OF_NOTES = frozenset({"bars", "tempo", "meter", "key", "program", "temperature", "top_k", "top_p"})
"""What says how notes are to be, and nothing of words or of a piece that is there."""

Bars = Annotated[int, Field(ge=1, le=MOST_BARS)]
Tempo = Annotated[float, Field(ge=SLOWEST, le=FASTEST)]
Weight = Annotated[float, Field(ge=1e-6, le=1e6)]
Mixture = Annotated[dict[RebracketingType, Weight], Field(min_length=1)]
_ONE: TypeAdapter[RebracketingType] = TypeAdapter(RebracketingType)
_MIXTURE: TypeAdapter[dict[RebracketingType, float]] = TypeAdapter(Mixture)


def _of_types(value: object, _: ValidatorFunctionWrapHandler) -> object:
    """An object is a mixture, all else one type: the union would say what is wrong with either."""
    return (_MIXTURE if isinstance(value, Mapping) else _ONE).validate_python(value)


def _meter(text: str) -> str:
    known = [f"{over}/{under}" for over, under in METERS]
    if text not in known:
        raise PydanticCustomError(
            "meter", "Input should be one of {known}", {"known": ", ".join(known)}
        )
    return text


def _key(text: str) -> str:
    try:
        key_number(text)
    except ValueError as error:
        raise PydanticCustomError("key", "Input should be {error}", {"error": str(error)}) from None
    return text


class Primer(Schema):
    """What a generated segment answers."""

    midi: Midi | None = Field(None, repr=False, description="A Standard MIDI File.")
    text: Words | None = Field(None, description="Words that the text answers.")
    use: Literal["continue", "rebracket"] = Field(
        "continue",
        description="Whether notes go on from the MIDI file's, or are its own, rebracketed.",
    )

    @model_validator(mode="after")
    def _has_content(self) -> Self:
        if not self.midi and not (self.text and not self.text.isspace()):
            raise PydanticCustomError("empty_primer", "A primer needs midi or text")
        if self.use == "rebracket" and not self.midi:
            raise PydanticCustomError(
                "nothing_to_rebracket", "What is rebracketed is the primer's midi, and it has none"
            )
        return self


class Conditioning(Schema):
    """What a segment is asked to be; everything but `type` has a default."""

    type: Annotated[RebracketingType | Mixture, WrapValidator(_of_types)] = Field(
        description="One of the eight, or a mixture with weights, as {'memory': 2, 'spatial': 1}."
    )
    intensity: Probability = 0.7
    bars: Bars = 8
    tempo: Tempo = 100.0
    meter: Annotated[str, AfterValidator(_meter)] = "4/4"
    key: Annotated[str, Field(max_length=16), AfterValidator(_key)] | None = Field(
        None, description="As 'C major', 'F# minor', 'Bb' or 'am'; any where it is not said."
    )
    program: Annotated[int, Field(ge=0, le=127)] | None = Field(
        None, description="General MIDI program, counted from 0, of the first voice."
    )
    seed: Annotated[int, Field(ge=0, le=MOST_SEED)] | None = Field(
        None, description="The same seed and model version give the same bytes; drawn if not given."
    )
    temperature: Annotated[float, Field(ge=0, le=2)] = 1.0
    top_k: Annotated[int, Field(ge=0, le=1024)] = Field(0, description="0 means all.")
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.9
    candidates: Annotated[int, Field(ge=1, le=MOST_CANDIDATES)] = 4
    primer: Primer | None = None
    returned: Annotated[list[Returned], Field(min_length=1, max_length=4)] = Field(
        ["midi", "text"], alias="return"
    )

    @field_validator("returned")
    @classmethod
    def _once(cls, returned: list[Returned]) -> list[Returned]:
        if len(set(returned)) < len(returned):
            raise PydanticCustomError("twice", "Nothing is returned twice: name each once")
        return returned

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        given = sorted(OF_NOTES & self.model_fields_set)
        if not self.has_notes:
            self._refuse(given, "without midi, audio or tokens in 'return'")
        primer = self.primer
        if primer and primer.midi and not self.has_notes:
            self._refuse(["primer.midi"], "without midi, audio or tokens in 'return'")
        if primer and primer.text and "text" not in self.returned:
            self._refuse(["primer.text"], "without text in 'return'")
        if self.is_redrawn:
            given += ["return.tokens"] if "tokens" in self.returned else []
            self._refuse(given, "for a primer that is rebracketed: its notes are what they are")
        if primer and primer.midi and not self.is_redrawn and "meter" in self.model_fields_set:
            self._refuse(["meter"], "for a primer that is continued: it has its own")
        return self

    @staticmethod
    def _refuse(fields: list[str], why: str) -> None:
        if not fields:
            return
        raise PydanticCustomError(
            "out_of_place", "{fields}: not used {why}", {"fields": ", ".join(fields), "why": why}
        )

    @property
    def mixture(self) -> dict[RebracketingType, float]:
        """Types and their weights, sum 1."""
        if isinstance(self.type, RebracketingType):
            return {self.type: 1.0}
        total = sum(self.type.values())
        return {kind: weight / total for kind, weight in self.type.items()}

    @property
    def has_notes(self) -> bool:
        """Whether any of the notes are returned."""
        return not NOTES.isdisjoint(self.returned)

    @property
    def is_redrawn(self) -> bool:
        """Whether the notes are the primer's, rebracketed."""
        return self.primer is not None and self.primer.use == "rebracket"


class Generated(Schema):
    """A segment as `/predict` takes it."""

    midi: Midi | None = Field(None, repr=False)
    text: Words | None = None
    audio: Audio | None = Field(
        None, repr=False, description="A WAV file: a plain rendering of the notes."
    )


class Candidate(Schema):
    """How one of those that were written was read."""

    type: RebracketingType
    intensity: Probability
    confidence: Probability
    score: float = Field(description="How near it is to what was asked; the highest is returned.")
    chosen: bool


class GeneratedSegment(Schema):
    """The best of the candidates, and how the service itself reads it."""

    segment: Generated
    analysis: Prediction = Field(description="What `/predict` says of the segment's midi and text.")
    tokens: list[str] | None = Field(None, description="The notes in the model's tokens.")
    seed: int
    model: ModelRef
    candidates: list[Candidate]
    latency_ms: float = Field(ge=0)
