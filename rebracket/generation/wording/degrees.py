"""Intensity → how far a text goes."""

from enum import IntEnum
from typing import Self

STARTS = (0.02, 0.15, 0.35, 0.55, 0.8, 0.92)
"""The least intensity of each degree but the first."""


class Degree(IntEnum):
    """How far a text goes in redrawing its boundary."""

    PLAIN = 0
    """Nothing is redrawn."""
    TRACE = 1
    """Both readings are there, and nothing comes of it."""
    HINT = 2
    """The same, and a second line goes on as if it were nothing."""
    CLEAR = 3
    """A second line dwells on it."""
    STRONG = 4
    """The first line tells what comes of the readings; the second goes further."""
    RELENTLESS = 5
    """The second line leaves no boundary where it was."""
    UTMOST = 6
    """So does the second line, twice."""

    @classmethod
    def of(cls, intensity: float) -> Self:
        """The degree of an intensity, 0 to 1."""
        return cls(sum(intensity >= start for start in STARTS))
