"""What the analyzer takes from a chat model, and how that becomes a segment."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from rebracket.agents.messages import wrong_arguments
from rebracket.schemas import MAX_TEXT, Segment

LONGEST_NAME = 255
"""Characters; base64 of any music is longer."""

LAST_WORD = 100
"""Characters at the end of a cut text in which a word's beginning is looked for."""


def _is_text(words: str) -> str:
    try:
        words.encode()
    except UnicodeEncodeError:
        raise ValueError("it holds half of a character") from None
    return words


def _has_words(words: str) -> str:
    if not words.strip():
        raise ValueError("it is empty")
    return words


Text = Annotated[str, AfterValidator(_is_text)]


class AnalyzerArguments(BaseModel):
    """Arguments of `rebracketing_analyzer`; unknown ones are errors that name themselves."""

    model_config = ConfigDict(extra="forbid")

    concept: Annotated[Text, AfterValidator(_has_words)] = Field(
        description=f"The concept in words; of a longer one the first {MAX_TEXT} characters are read."
    )
    lyrics: Text | None = Field(None, description="Sung words that belong to the concept.")
    midi: Text | None = Field(
        None, description="Its notes: a MIDI file as base64, or the name of a file in the folder."
    )
    audio: Text | None = Field(
        None, description="Its sound: a WAV, FLAC, Ogg or MP3 file as base64, or the name of one."
    )


def to_segment(
    arguments: AnalyzerArguments, folder: Path | None = None
) -> tuple[Segment, str | None]:
    """The segment to read, and a hint where not all of the words fit into it.

    Args:
        arguments: what the chat model gave.
        folder: whose files it may name; none by default.

    Raises:
        ValidationError: music is neither base64 nor the name of a file there.
        OSError: the file can't be read.
    """
    text, hint = _fit("concept", arguments.concept)
    sung, lyrics_hint = _fit("lyrics", arguments.lyrics) if arguments.lyrics else (None, None)
    segment = Segment.model_validate(
        {
            "text": text,
            "lyrics": sung,
            "midi": _content(arguments.midi, folder),
            "audio": _content(arguments.audio, folder),
        }
    )
    return segment, " ".join(filter(None, (hint, lyrics_hint))) or None


def _content(given: str | None, folder: Path | None) -> bytes | str | None:
    """A file's bytes where one of the folder is named, and not from anywhere else; else what was given."""
    if not given or folder is None or len(given) > LONGEST_NAME:
        return given or None
    path = (folder / given).resolve()
    inside = path.is_relative_to(folder.resolve()) and path.is_file()
    return path.read_bytes() if inside else given


def _fit(name: str, words: str) -> tuple[str, str | None]:
    """The beginning that the service reads, up to the end of a word if one is near."""
    words = words.strip()
    if len(words) <= MAX_TEXT:
        return words, None
    cut = words[:MAX_TEXT]
    if not words[MAX_TEXT].isspace():
        head, tail = cut[:-LAST_WORD], cut[-LAST_WORD:]
        cut = head + (tail.rsplit(maxsplit=1)[0] if len(tail.split()) > 1 else tail)
    cut = cut.rstrip()
    return cut, f"Only the first {len(cut)} of {len(words)} characters of the {name} were read."


def explain(error: ValidationError) -> str:
    """What was wrong with the arguments, for the model that gave them."""
    return (
        f"{wrong_arguments(error)} Call again with concept (text) and, if there are "
        "any, lyrics (text), midi and audio (base64, or the name of a file)."
    )
