"""Which of several is nearest to what was asked."""

from collections.abc import Mapping, Sequence
from math import log

from rebracket.schemas import Prediction
from rebracket.taxonomy import RebracketingType

FAR = 8.0
"""What a whole unit of intensity beside what was asked costs, in nats."""

OTHER = 10.0
"""What being read as a type that was not asked for costs: more than any intensity."""

LEAST = 1e-9


def score(found: Prediction, mixture: Mapping[RebracketingType, float], intensity: float) -> float:
    """How near a reading is to what was asked: 0 at best.

    The negative cross-entropy of the asked types and the read probabilities, over what it is where they
    agree; less `FAR` times the distance of the intensities, and `OTHER` where another type is likelier.
    Where no rebracketing is asked for, types don't count.
    """
    far = FAR * abs(found.intensity - intensity)
    if not intensity:
        return -far
    other = 0.0 if found.type in mixture else OTHER
    return (
        -far
        - other
        + sum(
            weight * (log(max(found.probabilities[kind], LEAST)) - log(weight))
            for kind, weight in mixture.items()
        )
    )


def best(scores: Sequence[float]) -> int:
    """The highest one's index; of equals the first."""
    return max(range(len(scores)), key=lambda index: (scores[index], -index))
