"""Lines of the grammar → a text of the type and intensity that was asked for."""

from collections.abc import Mapping

import numpy as np

from rebracket.generation.wording.degrees import Degree
from rebracket.generation.wording.expansion import capitalized, expand, pick
from rebracket.generation.wording.lexicon import lexicon
from rebracket.generation.wording.topic import find_phrase
from rebracket.taxonomy import TYPES, RebracketingType

LONGEST = 400
"""Characters in a text at most."""


def write(
    mixture: Mapping[RebracketingType, float],
    intensity: float,
    rng: np.random.Generator,
    about: str | None = None,
) -> str:
    """One or two lines that state a rebracketing, with both readings in square brackets.

    At intensity 0 one line that redraws nothing. The same arguments and generator state give the
    same text, of at most `LONGEST` characters, without control characters but one line feed.

    Args:
        mixture: weights of types; the heaviest takes the first line, the next the second.
        intensity: how strongly the boundary is redrawn, 0 to 1.
        rng: draws the lines and their alternatives.
        about: words of the caller's, anything; the first line is about a phrase in them, if any is
            usable.

    Raises:
        ValueError: no type has weight.
    """
    first, second = _leading(mixture)
    degree = Degree.of(intensity)
    phrase = find_phrase(about) if about else None
    if degree is Degree.PLAIN:
        return _plain(first, rng, phrase)
    opening = _opening(first, degree, rng, phrase)
    return "\n".join([opening, *_closing(second, degree, rng, room=LONGEST - len(opening) - 1)])


def _leading(mixture: Mapping[RebracketingType, float]) -> tuple[RebracketingType, ...]:
    """The types of the first and the second line; of equal weights, in the order of types."""
    weighing = [kind for kind in TYPES if mixture.get(kind, 0) > 0]
    if not weighing:
        raise ValueError("mixture: expected a type with weight")
    ranked = sorted(weighing, key=lambda kind: -mixture[kind])
    return ranked[0], ranked[min(1, len(ranked) - 1)]


def _plain(kind: RebracketingType, rng: np.random.Generator, phrase: str | None) -> str:
    authored = lexicon(kind)
    lines = authored.about_plain if phrase else authored.plain
    return capitalized(expand(pick(lines, rng), rng).format(about=phrase))


def _opening(
    kind: RebracketingType, degree: Degree, rng: np.random.Generator, phrase: str | None
) -> str:
    authored = lexicon(kind)
    turn = pick(authored.about_turns if phrase else authored.turns, rng)
    line = turn.line if degree >= Degree.STRONG else pick(authored.hints, rng)
    return capitalized(expand(line, rng).format(**turn.readings(phrase or "")))


def _closing(
    kind: RebracketingType, degree: Degree, rng: np.random.Generator, room: int
) -> list[str]:
    """The second line, if the degree has one; of the sentences for it, the last that fit."""
    pools = lexicon(kind).seconds[degree]
    sentences = [capitalized(expand(pick(lines, rng), rng)) for lines in pools]
    while len(" ".join(sentences)) > room:
        del sentences[0]
    return [" ".join(sentences)] if sentences else []
