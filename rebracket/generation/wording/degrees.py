"""Intensity → how far a text goes."""

from enum import IntEnum

HINT_FROM, CLEAR_FROM, RELENTLESS_FROM = 0.02, 0.36, 0.62


class Degree(IntEnum):
    """How far a text goes in redrawing its boundary."""

    PLAIN = 0
    HINT = 1
    CLEAR = 2
    RELENTLESS = 3

    @classmethod
    def of(cls, intensity: float) -> "Degree":
        """The degree of an intensity, 0 to 1."""
        starts = (HINT_FROM, CLEAR_FROM, RELENTLESS_FROM)
        return cls(sum(intensity >= start for start in starts))
