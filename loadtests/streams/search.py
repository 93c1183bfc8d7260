"""Finds how many streams a server carries."""

from collections.abc import Callable

STEP = 16
WITHIN = 4


def highest(
    holds: Callable[[int], bool], *, first: int = STEP, step: int = STEP, within: int = WITHIN
) -> int:
    """The most streams that hold: steps up from `first` until some don't, then halves; 0 if few don't.

    The true limit is less than `within` above it, if fewer hold where more do.
    """
    good, bad = 0, first
    while holds(bad):
        good, bad = bad, bad + step
    while bad - good > within:
        middle = (good + bad) // 2
        if holds(middle):
            good = middle
        else:
            bad = middle
    return good
