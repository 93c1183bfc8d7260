"""The authored lines of one type, read from `data`."""

import re
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from importlib.resources import files
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field

from rebracket.generation.wording.degrees import Degree
from rebracket.taxonomy import RebracketingType

Lines = Annotated[tuple[str, ...], Field(min_length=1)]
"""Lines, in which `<a/b>` is one of the alternatives and `{about}` the caller's phrase."""


SENTENCE_END = re.compile(r"(?<=[.?]) ")
SHORTEST_SENTENCE = 45
"""Characters."""


class Authored(BaseModel):
    """A part of a data file; unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Turn(Authored):
    """The same material bracketed in two ways, and a line that states both as {one} and {other}."""

    one: str
    other: str
    line: str

    def readings(self, about: str = "") -> dict[str, str]:
        """Both readings, by their names in a line."""
        return {"one": self.one.format(about=about), "other": self.other.format(about=about)}


Turns = Annotated[tuple[Turn, ...], Field(min_length=1)]


class Lexicon(Authored):
    """All that is authored for a type: `plain` redraws nothing, `hints` frame any turn's readings.

    `calm`, `steady`, `strong` and `relentless` are second lines by degree; they go with any turn.
    What a relentless line begins with, its first sentence, is a strong one too.
    """

    plain: Lines
    hints: Lines
    turns: Turns
    calm: Lines
    steady: Lines
    strong: Lines
    relentless: Lines
    about_plain: Lines
    about_turns: Turns

    @cached_property
    def seconds(self) -> Mapping[Degree, Sequence[Sequence[str]]]:
        """What second lines are made of: for each of their sentences, what it is drawn from."""
        strong = (*self.strong, *map(_opening, self.relentless))
        return {
            Degree.TRACE: (),
            Degree.HINT: (self.calm,),
            Degree.CLEAR: (self.steady,),
            Degree.STRONG: (strong,),
            Degree.RELENTLESS: (self.relentless,),
            Degree.UTMOST: (strong, self.relentless),
        }


def _opening(line: str) -> str:
    """A line's first sentence, with the next where it is only a word or two."""
    end = SENTENCE_END.search(line, SHORTEST_SENTENCE)
    return line[: end.start()] if end else line


@cache
def lexicon(kind: RebracketingType) -> Lexicon:
    """The lines of a type, read once."""
    source = files("rebracket.generation.wording") / "data" / f"{kind}.yaml"
    return Lexicon.model_validate(yaml.safe_load(source.read_text(encoding="utf-8")))
