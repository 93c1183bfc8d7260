"""The algorithm: GCRA, written as the leaky bucket that it is equivalent to (ITU-T I.371, annex A).

A bucket holds `level` units and leaks `rate.per_second`. A charge passes if the bucket then holds
at most `rate.amount`; a refused charge costs nothing. A charge that is larger than the whole bucket
passes when the bucket is empty, and the time it takes to leak is its price: it could never pass
otherwise.

Levels are counted in units, not in time, so that they stay exact while nothing leaks, and mean the
same after a rate has changed.
"""

from dataclasses import dataclass

from rebracket.rates import Rate

EPSILON = 1e-6
"""Units that are forgiven to rounding."""


@dataclass(frozen=True, slots=True)
class Charge:
    """`cost` units for a bucket; a `probe` only asks whether they would pass."""

    bucket: str
    policy: str
    rate: Rate
    cost: int = 1
    probe: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of a charge.

    Attributes:
        charge: what was asked.
        allowed: whether it passed.
        remaining: units that would pass at once from now on.
        retry_after_s: seconds until this charge would pass; 0 if it did.
        next_s: seconds until one more unit would pass; 0 if one would now.
        full_s: seconds until the whole rate is there again.
    """

    charge: Charge
    allowed: bool
    remaining: int
    retry_after_s: float
    next_s: float
    full_s: float


def leaked(level: float, elapsed_s: float, rate: Rate) -> float:
    """The level after some time; a clock that went back leaks nothing."""
    return max(0.0, level - max(0.0, elapsed_s) * rate.per_second)


def fits(level: float, charge: Charge) -> bool:
    """Whether a charge passes."""
    return level <= ceiling(charge.rate, charge.cost) + EPSILON


def ceiling(rate: Rate, cost: int) -> float:
    """The highest level at which a cost passes."""
    return max(0, rate.amount - cost)


def decide(level: float, charge: Charge, *, charged: bool) -> Decision:
    """What to tell a caller whose bucket stood at `level` before the charge was made or refused."""
    allowed = fits(level, charge)
    after = level + charge.cost if charged else level
    rate = charge.rate

    def wait_s(cost: int) -> float:
        return max(0.0, after - ceiling(rate, cost) - EPSILON) / rate.per_second

    return Decision(
        charge=charge,
        allowed=allowed,
        remaining=max(0, int(rate.amount - after + EPSILON)),
        retry_after_s=0.0 if allowed else wait_s(charge.cost),
        next_s=wait_s(1),
        full_s=after / rate.per_second,
    )
