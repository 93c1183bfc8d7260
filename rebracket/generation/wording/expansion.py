"""Authored lines with alternatives → one of the texts that they stand for."""

import re
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

ALTERNATIVES = re.compile(r"<([^<>]+)>")
"""`<a/b/c>` in an authored line: one of these."""
LETTER = re.compile(r"[^\W\d_]")

T = TypeVar("T")


def pick(items: Sequence[T], rng: np.random.Generator) -> T:
    """One of the items, each as likely."""
    return items[int(rng.integers(len(items)))]


def expand(line: str, rng: np.random.Generator) -> str:
    """The line with one of each of its alternatives."""
    return ALTERNATIVES.sub(lambda match: pick(match[1].split("/"), rng), line)


def capitalized(line: str) -> str:
    """The line with its first letter large, whatever bracket stands before it."""
    return LETTER.sub(lambda match: match[0].upper(), line, count=1)
