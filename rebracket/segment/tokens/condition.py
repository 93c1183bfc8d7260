"""What a piece is asked to be, as the numbers that the generator is given."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from rebracket.notation import KEYS, METERS
from rebracket.taxonomy import INDEX, TYPES, RebracketingType

_STRENGTHS = len(TYPES)
_TOLD = 2 * len(TYPES)
_STRENGTH = _TOLD + 1
_KEYS = _TOLD + 2
_METERS = _KEYS + len(KEYS)

CONDITION = _METERS + len(METERS)
"""How many numbers there are: the types' weights, these times the intensity, 1 where type and intensity
are told, the intensity, the key and the meter."""


def condition(
    meter: tuple[int, int],
    *,
    mixture: Mapping[RebracketingType, float] | None,
    intensity: float = 0.0,
    key: int | None = None,
) -> NDArray[np.float32]:
    """[CONDITION]; no mixture or key means any.

    Raises:
        ValueError: a meter that is none of `METERS`.
    """
    found = np.zeros(CONDITION, dtype=np.float32)
    if mixture is not None:
        total = sum(mixture.values()) or 1.0
        for kind, weight in mixture.items():
            found[INDEX[kind]] = weight / total
        found[:_STRENGTHS] *= intensity > 0
        found[_STRENGTHS:_TOLD] = found[:_STRENGTHS] * intensity
        found[_TOLD], found[_STRENGTH] = 1.0, intensity
    if key is not None:
        found[_KEYS + key] = 1.0
    found[_METERS + METERS.index(meter)] = 1.0
    return found


def unconditioned(given: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same with any type and intensity [..., CONDITION]."""
    found = given.copy()
    found[..., :_KEYS] = 0
    return found
