"""Finds how many streams a server carries."""

from collections.abc import Callable

STEP = 16
WITHIN = 4


def highest(holds: Callable[[int], bool], *, step: int = STEP, within: int = WITHIN) -> int:
    """The most streams that hold: steps up until some don't, then halves; 0 if `within` don't.

    The true limit is less than `within` above it, if fewer hold where more do.
    """
    good = 0
    while holds(good + step):
        good += step
    bad = good + step
    while bad - good > within:
        middle = (good + bad) // 2
        if holds(middle):
            good = middle
        else:
            bad = middle
    return good
