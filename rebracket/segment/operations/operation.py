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

    `apply(material, intensity, rng)` with an intensity in 0..1, which is how strongly boundaries are
    redrawn: at 0 the material comes back as it is, and more of it changes the higher it is. The length
    stays within a tenth.
    """

    type: RebracketingType
    name: str
    apply: Callable[[M, float, Generator], M]
