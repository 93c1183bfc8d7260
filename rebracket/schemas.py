"""What goes in and out over HTTP, as pydantic models."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from rebracket.binary import Binary
from rebracket.taxonomy import RebracketingType

MAX_TEXT = 10_000
MAX_MIDI = 4 * 2**20
"""Bytes of a MIDI file, which are thousands of bars."""
MAX_SEGMENTS = 256

Words = Annotated[str, StringConstraints(max_length=MAX_TEXT)]
MetadataKey = Annotated[str, StringConstraints(min_length=1, max_length=64)]
MetadataValue = Annotated[str, StringConstraints(max_length=512)]
Midi = Annotated[bytes, Binary("audio/midi", MAX_MIDI)]
Audio = Annotated[bytes, Binary("audio/*")]
Probability = Annotated[float, Field(ge=0, le=1)]
Modality = Literal["text", "lyrics", "midi", "audio"]
Signal = Literal["type", "confidence", "intensity", "length", "unknown"]
"""What is watched for drift; `length` in tokens, `unknown` the share of them that the vocabulary lacks."""


class Schema(BaseModel):
    """Unknown fields are errors; no error, as a string, says what was sent."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Segment(Schema):
    """A piece of a song: a concept in words, its lyrics, notes, sound, or several of them."""

    text: Words | None = Field(None, description="The concept: a note or a proposal.")
    lyrics: Words | None = Field(None, description="Sung words; lines split by newlines or ' / '.")
    midi: Midi | None = Field(None, repr=False, description="A Standard MIDI File.")
    audio: Audio | None = Field(
        None,
        repr=False,
        description="A WAV, FLAC, Ogg (Vorbis, Opus) or MP3 file of up to 10 minutes.",
    )
    segment_id: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = None
    metadata: Annotated[dict[MetadataKey, MetadataValue], Field(max_length=32)] | None = Field(
        None, description="Echoed in the answer."
    )
    windows: bool = Field(
        False,
        description="Say in how many windows each part was read.",
    )

    @model_validator(mode="after")
    def _has_content(self) -> Self:
        has_words = any(words and not words.isspace() for words in (self.text, self.lyrics))
        if not (has_words or self.midi or self.audio):
            raise PydanticCustomError(
                "empty_segment",
                "Segment needs content: give at least one of text, lyrics, midi and audio",
            )
        return self


class SegmentBatch(Schema):
    """Segments that are answered in the order given."""

    segments: Annotated[list[Segment], Field(min_length=1, max_length=MAX_SEGMENTS)]


class ModelRef(Schema):
    """Which model answered."""

    name: str
    version: str
    variant: str


class Prediction(Schema):
    """The service's reading of one segment."""

    segment_id: str | None
    type: RebracketingType
    intensity: Probability
    confidence: Probability = Field(description="Calibrated probability that `type` is right.")
    probabilities: dict[RebracketingType, Probability] = Field(description="Sum to 1.")
    modalities: list[Modality]
    model: ModelRef
    metadata: dict[str, str] | None
    latency_ms: float = Field(ge=0)
    windows: dict[Modality, Annotated[int, Field(ge=1)]] | None = Field(
        None,
        exclude_if=lambda windows: windows is None,
        description="In how many windows each part was read; given where the segment asks for it.",
    )


class InvalidField(Schema):
    """One invalid field."""

    loc: list[str | int]
    msg: str
    type: str


class Problem(Schema):
    """Why an item could not be answered (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[InvalidField] | None = None


class ProblemAnswer(Problem):
    """Why a request could not be answered."""

    request_id: str = Field(description="Quote it when you report the problem.")


class ItemError(Schema):
    """Stands in the place of a segment whose content can't be decoded."""

    index: int
    error: Problem


class PredictionBatch(Schema):
    """Answers in the order of the segments."""

    predictions: list[Prediction | ItemError]
    errors: int = Field(ge=0)


class ModelInfo(Schema):
    """A model version that this process serves."""

    name: str
    version: str
    variant: str
    weight: Probability
    quantization: Literal["int8", "none"]
    labels: list[RebracketingType]
    created: str
    metrics: dict[str, float]
    card: str


class ModelList(Schema):
    """Everything that answers here."""

    models: list[ModelInfo]


class Drift(Schema):
    """Whether a model's recent predictions are like those of its held-out texts."""

    name: str
    version: str
    state: Literal["unknown", "steady", "drifted"]
    predictions: int = Field(ge=0, description="How many were looked at.")
    psi: dict[Signal, float] = Field(description="Population stability index by signal.")
    drifted: list[Signal]


class Estimate(Schema):
    """A figure and its 95 % confidence interval."""

    value: float
    low: float
    high: float


class VariantReport(Schema):
    """What one model version did as one variant."""

    variant: str
    model: str
    version: str
    requests: int
    segments: int
    errors: dict[str, int] = Field(description="Segments without a prediction, by problem.")
    failure_share: Estimate | None = Field(description="Of the segments, those with a 5xx.")
    latency_ms: dict[str, float] = Field(description="p50, p90, p99 of decode, queue and compute.")
    types: dict[RebracketingType, Estimate | None]
    confidence: Estimate | None
    intensity: Estimate | None


class ExperimentReport(Schema):
    """Variants side by side, from the sampled predictions of this machine."""

    since: float = Field(description="Unix time.")
    variants: list[VariantReport]


class Health(Schema):
    """Whether the service answers, and with which models."""

    status: Literal["ok", "degraded", "starting"]
    ready: bool
    models: list[ModelRef]
    drift: list[Drift] = []
    uptime_s: float
    version: str
