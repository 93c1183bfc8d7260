"""GCRA as the standard writes it (virtual scheduling), in exact fractions: what storages must equal."""

from dataclasses import dataclass, field
from fractions import Fraction

from rebracket.rates import Rate

FORGIVEN = Fraction(1, 10**5)
"""Closer to the border than this many units, either answer is right."""


@dataclass
class Model:
    """Theoretical arrival times, by bucket."""

    rate: Rate
    arrivals: dict[str, Fraction] = field(default_factory=dict)

    @property
    def interval(self) -> Fraction:
        return Fraction(self.rate.period_s, self.rate.amount)

    def slack(self, bucket: str, now: Fraction, cost: int) -> Fraction:
        """How many units were to spare; negative: the charge is refused."""
        start = max(self.arrivals.get(bucket, now), now)
        highest = max(0, self.rate.amount - cost) * self.interval
        return (highest - (start - now)) / self.interval

    def charge(self, bucket: str, now: Fraction, cost: int) -> None:
        start = max(self.arrivals.get(bucket, now), now)
        self.arrivals[bucket] = start + cost * self.interval
