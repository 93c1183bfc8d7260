"""What the analyzer takes from a chat model, and how that becomes a segment."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from rebracket.schemas import MAX_TEXT, Segment

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


def to_segment(concept: str, lyrics: str | None) -> tuple[Segment, str | None]:
    """The segment to read, and a hint where not all of the words fit into it."""
    text, hint = _fit("concept", concept)
    sung, lyrics_hint = _fit("lyrics", lyrics) if lyrics else (None, None)
    return Segment(text=text, lyrics=sung), " ".join(filter(None, (hint, lyrics_hint))) or None


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
    wrong = [
        f"{'.'.join(map(str, e['loc'])) or 'arguments'}: {e['msg']}"
        for e in error.errors(include_input=False, include_url=False)
    ]
    return (
        f"Wrong arguments. {'; '.join(wrong)}. Call again with concept (text) and, if there are "
        "any, lyrics (text)."
    )
