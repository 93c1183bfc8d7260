"""Several encoders' readings of one segment → one.

Given its type, a segment's words say nothing more of its notes, nor these of its sound: each part is
made after the type, not after the other. So what the parts say multiplies (the logarithmic opinion
pool with weights of 1, which is Bayes' rule under a uniform prior; Genest and Zidek 1986). Parts that
agree make the answer surer, parts that contradict each other less sure, a part that says nothing
(plain music is of all types alike) changes nothing, and any subset works without having been trained.
"""

from collections.abc import Sequence
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

FAINTEST = 1e-6
"""No part rules a type out for good."""


def pooled_probabilities(parts: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Calibrated probabilities of each part [types] → of the segment [types]; one part's as they are."""
    if len(parts) == 1:
        return parts[0]
    logs = np.sum([np.log(np.maximum(part, FAINTEST)) for part in parts], axis=0)
    powers = np.exp(logs - logs.max())
    return np.asarray(powers / powers.sum())


def pooled_intensity(parts: Sequence[float]) -> float:
    """The mean: half of a segment rebracketed strongly is a segment rebracketed by half."""
    return fmean(parts)
