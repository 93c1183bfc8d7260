"""Raw scores → probabilities that mean what they say."""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field


class Calibration(BaseModel):
    """Temperature scaling (Guo et al. 2017): p = softmax(logits / temperature)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    temperature: Annotated[float, Field(gt=0)]

    def probabilities(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """Calibrated probabilities, shape as `logits`; rows sum to 1 in double precision."""
        scaled = np.asarray(logits, dtype=np.float64) / self.temperature
        scaled -= scaled.max(axis=-1, keepdims=True)
        powers: NDArray[np.float64] = np.exp(scaled)
        powers /= powers.sum(axis=-1, keepdims=True)
        return powers
