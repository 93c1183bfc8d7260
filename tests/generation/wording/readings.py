"""What the brackets of a text say."""

import re

BRACKETED = re.compile(r"\[[^\[\]]+\]")


def groups(text: str) -> list[str]:
    return BRACKETED.findall(text)


def is_balanced(text: str) -> bool:
    """Every bracket closes what it opens, and none stands inside another."""
    return not re.search(r"[\[\]]", BRACKETED.sub("", text))


def letters(reading: str) -> str:
    return re.sub(r"[^a-z]", "", reading.casefold())


def words(reading: str) -> list[str]:
    return sorted(re.findall(r"[\w']+", reading.casefold()))


def same_material(one: str, other: str) -> bool:
    """The same letters in a row, or the same words in another order, bracketed otherwise."""
    shared = letters(one) == letters(other) or words(one) == words(other)
    return shared and one != other
