"""What a reading is worth against careful readers'."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from sklearn.metrics import accuracy_score, f1_score

from rebracket.taxonomy import INDEX, TYPES, RebracketingType

ECE_BINS = 10


class Metrics(BaseModel):
    """Agreement of predictions with labels."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    n: int
    accuracy: float
    macro_f1: float
    f1: dict[RebracketingType, float]
    acceptable_rate: float | None
    intensity_r: float
    intensity_mae: float
    ece: float

    def flat(self) -> dict[str, float]:
        """The scalar metrics, as model metadata holds them."""
        values = self.model_dump(exclude={"f1", "n"})
        return {name: round(value, 4) for name, value in values.items() if value is not None}


def measure(
    probabilities: NDArray[np.float64],
    intensity: NDArray[np.float64],
    *,
    types: Sequence[RebracketingType],
    intensities: Sequence[float],
    acceptable: Sequence[Sequence[RebracketingType]] | None = None,
) -> Metrics:
    """Compare predictions with labels.

    Args:
        probabilities: [n, 8], rows sum to 1.
        intensity: [n].
        types: the true type of each.
        intensities: the true intensity of each.
        acceptable: every type that some reader named first or second, where known.

    Macro-F1 is the mean over the types that occur in labels or predictions.
    """
    true = np.array([INDEX[kind] for kind in types])
    guess = probabilities.argmax(axis=1)
    present = sorted({*true.tolist(), *guess.tolist()})
    scores = f1_score(true, guess, labels=present, average=None, zero_division=0.0)
    rate = None
    if acceptable is not None:
        rate = float(
            np.mean([TYPES[g] in kinds for g, kinds in zip(guess, acceptable, strict=True)])
        )
    wanted = np.asarray(intensities)
    return Metrics(
        n=len(true),
        accuracy=float(accuracy_score(true, guess)),
        macro_f1=float(np.mean(scores)),
        f1={TYPES[index]: float(score) for index, score in zip(present, scores, strict=True)},
        acceptable_rate=rate,
        intensity_r=_pearson(intensity, wanted),
        intensity_mae=float(np.abs(intensity - wanted).mean()),
        ece=expected_calibration_error(probabilities.max(axis=1), guess == true),
    )


def expected_calibration_error(
    confidence: NDArray[np.float64], correct: NDArray[np.bool_], bins: int = ECE_BINS
) -> float:
    """ECE (Naeini et al. 2015): |accuracy - confidence| over equal-width bins, weighted by size."""
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        np.mean(index == b) * abs(correct[index == b].mean() - confidence[index == b].mean())
        for b in range(bins)
        if (index == b).any()
    ]
    return float(np.sum(gaps))


def _pearson(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """0 where one side is constant: nothing co-varies."""
    if a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])
