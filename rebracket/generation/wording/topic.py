"""A caller's words → the phrase in them that a text can be about."""

import re
import unicodedata
from collections.abc import Iterator

WORDS, CHARACTERS = 5, 32
"""How long a phrase may be."""

FUNCTION_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        a about after all am an and any are as at be been before but by can could did do does for
        from had has have he her hers him his how i if in into is it its just like me mine my no nor
        not of off on or our ours out over own please she should so some song than that the their
        theirs them then there these they this those through to too under until up us very was we
        were what when where which while who why will with without would write you your yours
        """,
    )
)
"""English words that no phrase begins or ends with."""


def find_phrase(about: str) -> str | None:
    """The longest phrase of 1 to 5 words, all letters, of which the first; None where there is none.

    Words of a script with combining marks that letters can't hold are not letters only, and no
    phrase.
    """
    phrases = [
        words
        for run in _runs(unicodedata.normalize("NFC", about))
        for part in ([run] if len(run) <= WORDS else _between_function_words(run))
        if (words := _trimmed(part)) and len(words) <= WORDS
    ]
    fitting = [phrase for words in phrases if len(phrase := " ".join(words)) <= CHARACTERS]
    return max(fitting, key=lambda phrase: phrase.count(" "), default=None)


def _runs(text: str) -> Iterator[list[str]]:
    """Words of letters that follow each other with nothing but space between them."""
    run: list[str] = []
    for token in text.split():
        word = token.strip("".join(c for c in token if not c.isalnum()))
        if not word.isalpha() or not token.startswith(word):
            yield run
            run = []
        if word.isalpha():
            run.append(word)
        if not token.endswith(word):
            yield run
            run = []
    yield run


def _between_function_words(run: list[str]) -> Iterator[list[str]]:
    part: list[str] = []
    for word in run:
        if word.casefold() in FUNCTION_WORDS:
            yield part
            part = []
        else:
            part.append(word)
    yield part


def _trimmed(words: list[str]) -> list[str]:
    content = [i for i, word in enumerate(words) if word.casefold() not in FUNCTION_WORDS]
    return words[content[0] : content[-1] + 1] if content else []
