"""Logits → a token each: what the grammar allows, sharpened, cut and drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

COLDEST = 1e-3
"""Temperatures below take the likeliest token."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are drawn.

    Logits are divided by `temperature`; of the `top_k` likeliest (0: all), the fewest that hold `top_p` of
    the probability are left (Holtzman et al. 2020).
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0


def draw(
    logits: NDArray[np.float32],
    allowed: NDArray[np.bool_],
    sampling: Sampling,
    chances: Sequence[Generator],
) -> list[int]:
    """A token for each row, by each row's own generator; never one that is not allowed.

    Shapes: `logits` and `allowed` [rows, tokens]; each row allows one at least.
    """
    scores = np.where(allowed, logits.astype(np.float64), -np.inf)
    if sampling.temperature < COLDEST:
        return [int(row.argmax()) for row in scores]
    scores = (scores - scores.max(axis=1, keepdims=True)) / sampling.temperature
    if 0 < sampling.top_k < scores.shape[1]:
        least = np.partition(scores, -sampling.top_k, axis=1)[:, -sampling.top_k, None]
        scores = np.where(scores >= least, scores, -np.inf)
    weights = np.exp(scores)
    order = np.argsort(-weights, axis=1, kind="stable")
    sums = np.cumsum(np.take_along_axis(weights, order, axis=1), axis=1)
    drawn = []
    for row, chance in enumerate(chances):
        total = float(sums[row, -1])
        kept = sums[row, np.searchsorted(sums[row], sampling.top_p * total)]
        place = np.searchsorted(sums[row], chance.random() * kept, side="right")
        drawn.append(int(order[row, min(int(place), scores.shape[1] - 1)]))
    return drawn
