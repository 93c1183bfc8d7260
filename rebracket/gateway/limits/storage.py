"""What a storage of buckets does."""

from collections.abc import Sequence
from typing import Protocol

from rebracket.gateway.limits.gcra import Charge, Decision


class Storage(Protocol):
    """Buckets that several processes share. Calls block, for a bounded time, and may come from any thread."""

    def take(self, charges: Sequence[Charge]) -> list[Decision]:
        """Make all charges, or none if one of them does not fit, as one atomic step.

        Raises:
            LimiterError: the storage did not answer in time.
        """

    def take_at_once(self, charges: Sequence[Charge]) -> list[Decision] | None:
        """As `take`, if that takes no waiting: for nobody's lock, disk or server; else None."""

    def close(self) -> None:
        """Give up what is held open."""
