"""What an operation is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from numpy.random import Generator

from rebracket.taxonomy import RebracketingType

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Operation(Generic[M]):
    """One way to rebracket material: the same material, intensity and generator state give the same.

    `change(material, intensity, rng)` redraws boundaries as strongly as the intensity says, over 0 to
    1: more of the material changes the higher it is. The length stays within a tenth.
    """

    type: RebracketingType
    name: str
    change: Callable[[M, float, Generator], M]

    def apply(self, material: M, intensity: float, rng: Generator) -> M:
        """The material rebracketed; at intensity 0 it comes back as it is."""
        return self.change(material, intensity, rng) if intensity else material
