"""Raw scores → probabilities that mean what they say."""

from math import exp, log
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

TINY = 1e-7


class Strength(BaseModel):
    """Intensity as readers give it: sigmoid(slope * logit + length * log(tokens) + offset).

    A model that takes the mean of its tokens can't see how many there are, and readers hear more
    in a text that says more. Outside of the lengths that it was fitted on, the nearest counts.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    slope: Annotated[float, Field(gt=0)] = 1.0
    length: float = 0.0
    offset: float = 0.0
    shortest: Annotated[int, Field(ge=1)] = 1
    longest: Annotated[int, Field(ge=1)] = 1


class Calibration(BaseModel):
    """Temperature scaling (Guo et al. 2017): p = softmax(logits / temperature); and `Strength`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    temperature: Annotated[float, Field(gt=0)]
    strength: Strength = Strength()

    def probabilities(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """Calibrated probabilities, shape as `logits`; rows sum to 1 in double precision."""
        scaled = np.asarray(logits, dtype=np.float64) / self.temperature
        scaled -= scaled.max(axis=-1, keepdims=True)
        powers: NDArray[np.float64] = np.exp(scaled)
        powers /= powers.sum(axis=-1, keepdims=True)
        return powers

    def intensity(self, raw: float, tokens: int) -> float:
        """The calibrated intensity of a raw one in 0..1, of a segment with so many tokens."""
        fit = self.strength
        inside = min(max(raw, TINY), 1 - TINY)
        length = log(min(max(tokens, fit.shortest), fit.longest))
        logit = fit.slope * log(inside / (1 - inside)) + fit.length * length + fit.offset
        return 1 / (1 + exp(-logit))

    def intensities(
        self, raw: NDArray[np.floating], tokens: NDArray[np.integer]
    ) -> NDArray[np.float64]:
        """`intensity` of each of [n]."""
        return np.array([self.intensity(*pair) for pair in zip(raw, tokens, strict=True)])
