"""Fits what turns raw scores into probabilities."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar

from rebracket.inference.calibration import Calibration, Strength
from rebracket.taxonomy import INDEX, RebracketingType

BOUNDS = (0.1, 10.0)
TINY = 1e-12
PULL = 0.001
"""Weight that holds the intensity's fit near the model's own: few authors' lengths are not all texts'."""


def fit_temperature(logits: NDArray[np.float64], types: Sequence[RebracketingType]) -> float:
    """The temperature with the least cross-entropy (Guo et al. 2017).

    Fitted to the types that readings settled on, not to the label mass: a confidence says how often
    `type` is right, and mass that second readings take would make it too low.

    Args:
        logits: [n, 8], of texts that the model was not trained on.
        types: the true type of each.
    """
    true = np.array([INDEX[kind] for kind in types])

    def loss(temperature: float) -> float:
        probabilities = Calibration(temperature=temperature).probabilities(logits)
        return float(-np.log(probabilities[np.arange(len(true)), true] + TINY).mean())

    best = minimize_scalar(loss, bounds=BOUNDS, method="bounded")
    return round(float(best.x), 4)


def fit_strength(
    raw: NDArray[np.float64], tokens: NDArray[np.int64], intensities: Sequence[float]
) -> Strength:
    """The least squares fit, with `PULL` times the squared distance from the model's own answer.

    Args:
        raw: [n], the model's intensities of texts that it was not trained on.
        tokens: [n], how long the texts are.
        intensities: the readers' mean of each.
    """
    wanted = np.asarray(intensities)
    own = Strength(shortest=int(tokens.min()), longest=int(tokens.max()))

    def strength(values: NDArray[np.float64]) -> Strength:
        slope, length, offset = (round(float(value), 9) for value in values)
        return own.model_copy(update={"slope": slope, "length": length, "offset": offset})

    def loss(values: NDArray[np.float64]) -> float:
        fit = strength(values)
        found = Calibration(temperature=1.0, strength=fit).intensities(raw, tokens)
        return float(((found - wanted) ** 2).mean() + PULL * ((fit.slope - 1) ** 2 + fit.length**2))

    best = strength(minimize(loss, (1.0, 0.0, 0.0)).x).model_dump()
    return Strength.model_validate({name: round(value, 4) for name, value in best.items()})
