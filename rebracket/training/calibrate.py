"""Fits what turns raw scores into probabilities."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from rebracket.inference.calibration import Calibration
from rebracket.taxonomy import INDEX, RebracketingType

BOUNDS = (0.1, 10.0)
TINY = 1e-12


def fit_temperature(logits: NDArray[np.float64], types: Sequence[RebracketingType]) -> Calibration:
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
    return Calibration(temperature=round(float(best.x), 4))
