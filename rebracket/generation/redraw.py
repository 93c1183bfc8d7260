"""A piece that is there → rebracketed, several times over."""

from collections.abc import Callable, Mapping

import numpy as np

from rebracket.generation.compose import Abandoned
from rebracket.segment.notes import Notes
from rebracket.segment.operations.notes import OPERATIONS
from rebracket.taxonomy import RebracketingType


def redraw(
    notes: Notes,
    mixture: Mapping[RebracketingType, float],
    intensity: float,
    *,
    seed: int,
    pieces: int,
    wanted: Callable[[], bool] = lambda: True,
) -> list[Notes]:
    """The piece by operations of each asked type, the one of the most weight first. Blocks.

    A type's operations take turns from one piece to the next. What weighs less is applied less: its
    intensity is its part of the greatest weight.

    Raises:
        Abandoned: `wanted` said no.
    """
    heaviest = max(mixture.values())
    found = []
    for number in range(pieces):
        if not wanted():
            raise Abandoned
        rng = np.random.default_rng((seed, number))
        changed = notes
        for kind, weight in sorted(mixture.items(), key=lambda item: -item[1]):
            ours = [operation for operation in OPERATIONS if operation.type == kind]
            order = np.random.default_rng(seed).permutation(len(ours))
            operation = ours[int(order[number % len(ours)])]
            changed = operation.apply(changed, intensity * weight / heaviest, rng)
        found.append(changed)
    return found
