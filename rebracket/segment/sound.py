"""A piece as sound: what audio files are read into, and what operations and encoders work on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Sound:
    """Samples float32 [channels, samples], -1 to 1, at `rate` Hz."""

    samples: NDArray[np.float32]
    rate: int

    @property
    def seconds(self) -> float:
        """How long it sounds."""
        return float(self.samples.shape[1] / self.rate)
