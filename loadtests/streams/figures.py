"""Records → figures."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from loadtests.streams.plan import Plan
from loadtests.streams.record import WELL, Heard, Record

LATE_MS = 10.0
"""A generator that is later than that at its 95th percentile is not to be trusted."""
FLAT = 0.05
"""Memory that grows by less has not grown."""


@dataclass(frozen=True, slots=True)
class Count:
    """Whether all came that should, of all streams that were not turned away.

    `missing`, `repeated` and `misplaced` windows: unanswered, answered twice, or out of order or of
    other samples than they should be.
    """

    sent: int
    answered: int
    missing: int
    repeated: int
    misplaced: int

    @property
    def exact(self) -> bool:
        """Every window was answered once, in order."""
        return not (self.missing or self.repeated or self.misplaced)


@dataclass(frozen=True, slots=True)
class Figures:
    """Of a plan's records; lags and lateness in ms.

    `said_p95` is the server's own idea of the lag. `refused` and `failed` count streams by how they
    ended.
    """

    windows: int
    p50: float
    p95: float
    p99: float
    worst: float
    said_p95: float
    late_p95: float
    refused: dict[str, int]
    failed: dict[str, int]
    count: Count

    @property
    def well(self) -> bool:
        """Nobody was turned away, nothing failed, nothing is missing."""
        return not self.refused and not self.failed and self.count.exact

    @property
    def late(self) -> bool:
        """The generator itself was."""
        return self.late_p95 > LATE_MS


def figures(plan: Plan, records: Sequence[Record]) -> Figures:
    """Of the windows whose last sample was handed over while counting."""
    first, last = plan.settled_s, plan.settled_s + plan.seconds
    counted = [
        heard for record in records for heard in record.heard if first <= heard.handed < last
    ]
    p50, p95, p99, worst = percentiles([heard.lag_ms for heard in counted], 50, 95, 99, 100)
    late = np.concatenate([record.late for record in records]) if records else np.empty(0)
    return Figures(
        windows=len(counted),
        p50=p50,
        p95=p95,
        p99=p99,
        worst=worst,
        said_p95=percentiles([heard.said_ms for heard in counted], 95)[0],
        late_p95=percentiles(late * 1000, 95)[0],
        refused=_endings(record for record in records if record.ended.turned_away),
        failed=_endings(
            record
            for record in records
            if record.ended.code != WELL and not record.ended.turned_away
        ),
        count=count(plan, records),
    )


def percentiles(values: Sequence[float] | np.ndarray, *shares: float) -> list[float]:
    """Those in percent, interpolated; not a number of no values."""
    if not len(values):
        return [float("nan")] * len(shares)
    return [float(value) for value in np.percentile(values, shares)]


def count(plan: Plan, records: Iterable[Record]) -> Count:
    """Compare what was answered with what was sent."""
    kept = [record for record in records if not record.ended.turned_away]
    sent = sum(plan.full_windows(len(record.handed)) for record in kept)
    answered = sum(len(record.heard) for record in kept)
    apart = sum(len({heard.seq for heard in record.heard}) for record in kept)
    return Count(
        sent=sent,
        answered=answered,
        missing=sent - apart,
        repeated=answered - apart,
        misplaced=sum(_misplaced(plan, record.heard) for record in kept),
    )


def _misplaced(plan: Plan, heard: Sequence[Heard]) -> int:
    highest, found = -1, 0
    for window in heard:
        start = window.seq * plan.hop
        right = (window.start, window.end) == (start, start + plan.window)
        found += not (right and window.seq >= highest)
        highest = max(highest, window.seq)
    return found


def _endings(records: Iterable[Record]) -> dict[str, int]:
    found = Counter(
        f"{record.ended.code} {record.ended.reason}"
        + (
            ""
            if record.ended.retry_after_s is None
            else f" (Retry-After {record.ended.retry_after_s})"
        )
        for record in records
    )
    return dict(found.most_common())


def growth(values: Sequence[float]) -> float:
    """The median of the last fifth over that of the second fifth, less 1."""
    fifth = max(1, len(values) // 5)
    return median(values[-fifth:]) / median(values[fifth : 2 * fifth] or values[:1]) - 1
