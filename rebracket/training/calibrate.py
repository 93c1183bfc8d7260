"""Fits what turns raw scores into probabilities."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from rebracket.inference.calibration import Calibration

BOUNDS = (0.1, 10.0)


def fit_temperature(
    logits: NDArray[np.float64], masses: Sequence[NDArray[np.float64]]
) -> Calibration:
    """The temperature with the least cross-entropy to the label masses.

    Args:
        logits: [n, 8], of texts that the model was not trained on.
        masses: label mass [8] of each text.
    """
    mass = np.stack(masses)

    def loss(temperature: float) -> float:
        scaled = logits / temperature
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        log = scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))
        return float(-(mass * log).sum(axis=1).mean())

    best = minimize_scalar(loss, bounds=BOUNDS, method="bounded")
    return Calibration(temperature=round(float(best.x), 4))
