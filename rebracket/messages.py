"""What a stream of live audio says in both directions, as pydantic models.

A client starts (`Start`), sends audio, and may say `Flush`, `Words` and `End` in between. The service
says `Ready`, a `WindowRead` for each window, and `Summary` or `StreamFailed` at the end. Positions are
sample indexes of the incoming stream.
"""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from rebracket.schemas import InvalidField, Prediction, Probability, Schema, Words
from rebracket.taxonomy import RebracketingType

Encoding = Literal["pcm_s16le", "pcm_f32le"]
SAMPLE_BYTES: dict[Encoding, int] = {"pcm_s16le": 2, "pcm_f32le": 4}
SampleRate = Annotated[int, Field(ge=8_000, le=96_000)]
Channels = Annotated[int, Field(ge=1, le=2)]
WindowS = Annotated[float, Field(ge=1, le=30)]
Overlap = Annotated[float, Field(ge=0, le=0.95)]
Position = Annotated[int, Field(ge=0, le=2**53)]


class Reading(Schema):
    """How a stream is read: windows, words, and where it goes on.

    `window_s` and `overlap` are the service's own where they are not given.
    """

    window_s: WindowS | None = None
    overlap: Overlap | None = None
    text: Words = Field("", description="Words that the windows are read with.")
    from_sample: Position = Field(
        0,
        description="The sample of the stream that the first one sent is: goes on with a stream that "
        "broke off. The first window is the first that begins there or later.",
    )


class Start(Reading):
    """Opens a stream over WebSocket."""

    type: Literal["start"] = "start"
    encoding: Encoding
    sample_rate: SampleRate
    channels: Channels = 1


class Flush(Schema):
    """Reads the oldest window under way as far as it has come; it is read again when it is full."""

    type: Literal["flush"] = "flush"


class NewWords(Schema):
    """Words that the windows ending from here on are read with; none if empty."""

    type: Literal["text"] = "text"
    text: Words


class End(Schema):
    """No more audio comes."""

    type: Literal["end"] = "end"


Control = Annotated[Start | Flush | NewWords | End, Field(discriminator="type")]
CONTROL: TypeAdapter[Control] = TypeAdapter(Control)
"""Reads a client's text frame."""


class Ready(Schema):
    """The stream is open."""

    type: Literal["ready"] = "ready"
    session_id: str = Field(description="The request's id.")
    window_samples: int
    hop_samples: int = Field(description="From one window's start to the next one's.")


class WindowRead(Schema):
    """One window's answer; windows come in order."""

    type: Literal["window"] = "window"
    seq: int = Field(ge=0, description="Its number in the stream, which begins at `seq` hops.")
    start_sample: int
    end_sample: int
    final: bool = Field(description="The stream's last and not a full one.")
    partial: bool = Field(False, description="An answer to `flush`: the window comes again.")
    silent: bool = Field(False, description="No sample is over -60 dB of full scale.")
    prediction: Prediction | None = Field(
        description="None where there is nothing to read: silence, and no words."
    )
    lag_ms: float = Field(ge=0, description="From the arrival of its last sample to this answer.")


class Summary(Schema):
    """The stream ended as it should."""

    type: Literal["summary"] = "summary"
    windows: int
    silent_windows: int
    by_type: dict[RebracketingType, int]
    mean_intensity: Probability | None = Field(description="None where nothing was read.")
    samples: int = Field(description="The index behind the last sample that came.")
    read_to: int = Field(description="The index behind the last sample that a window held.")


class StreamFailed(Schema):
    """Why the stream ends early; over WebSocket it is closed with `code` next."""

    type: Literal["error"] = "error"
    code: Literal[1008, 1009, 1011, 1012, 1013] = Field(description="As WebSocket's close codes.")
    error: str = Field(description="What kind of problem, one word for each kind.")
    detail: str
    errors: list[InvalidField] | None = None
    retry_after_s: int | None = None
    from_sample: int | None = Field(
        None, description="No window that begins here or later was answered: go on from here."
    )


Event = Annotated[Ready | WindowRead | Summary | StreamFailed, Field(discriminator="type")]
EVENT: TypeAdapter[Event] = TypeAdapter(Event)
"""Reads what the service says."""


def dumps(event: Event) -> str:
    """An event as JSON in one line; a failure without what it does not say."""
    return event.model_dump_json(exclude_none=isinstance(event, StreamFailed))
