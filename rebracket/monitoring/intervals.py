"""95 % confidence intervals."""

from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist, fmean, stdev

from rebracket.schemas import Estimate

Z = NormalDist().inv_cdf(0.975)


def share(hits: int, total: int) -> Estimate | None:
    """A share with Wilson's score interval; None of nothing.

    Wilson, Probable Inference, the Law of Succession, and Statistical Inference (1927); it holds for
    few cases and for shares near 0 and 1 too, see Brown, Cai and DasGupta, Interval Estimation for a
    Binomial Proportion (2001).
    """
    if total == 0:
        return None
    found, weight = hits / total, Z * Z / total
    middle = (found + weight / 2) / (1 + weight)
    half = Z / (1 + weight) * sqrt(found * (1 - found) / total + weight / (4 * total))
    return Estimate(
        value=found,
        low=min(found, max(0.0, middle - half)),
        high=max(found, min(1.0, middle + half)),
    )


def mean(values: Sequence[float]) -> Estimate | None:
    """A mean with the interval of the central limit theorem; of one value, no width is known: None."""
    if len(values) < 2:  # noqa: PLR2004 - a deviation needs two
        return None
    found, half = fmean(values), Z * stdev(values) / sqrt(len(values))
    return Estimate(value=found, low=found - half, high=found + half)
