"""Intensity → how far a text goes."""

from enum import IntEnum

STARTS = (0.02, 0.3, 0.55, 0.8)
"""The least intensity of each degree but the first."""


class Degree(IntEnum):
    """How far a text goes in redrawing its boundary."""

    PLAIN = 0
    HINT = 1
    CLEAR = 2
    STRONG = 3
    RELENTLESS = 4

    @classmethod
    def of(cls, intensity: float) -> "Degree":
        """The degree of an intensity, 0 to 1."""
        return cls(sum(intensity >= start for start in STARTS))
