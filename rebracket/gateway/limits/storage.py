"""What a storage of buckets and leases does."""

from collections.abc import Sequence
from typing import Protocol

from rebracket.gateway.limits.gcra import Charge, Decision


class Storage(Protocol):
    """Buckets and leases that several processes share.

    Calls block, for a bounded time, and may come from any thread.
    """

    def take(self, charges: Sequence[Charge]) -> list[Decision]:
        """Make all charges, or none if one of them does not fit, as one atomic step.

        Raises:
            LimiterError: the storage did not answer in time.
        """

    def take_at_once(self, charges: Sequence[Charge]) -> list[Decision] | None:
        """As `take`, if that takes no waiting: for nobody's lock, disk or server; else None."""

    def lease(self, bucket: str, holder: str, *, limit: int, ttl_s: float) -> bool:
        """Hold one of the bucket's `limit` leases for `ttl_s` seconds, as one atomic step.

        Whoever holds one renews it so, and is never refused while it lives: not by a limit that was
        lowered meanwhile either. After its end its holder is one of those who ask for a free one.
        All leases of a bucket are asked for with one `ttl_s`.

        Returns:
            Whether it is held now.

        Raises:
            LimiterError: the storage did not answer in time.
        """

    def release(self, bucket: str, holder: str) -> None:
        """Give a lease back; one that has ended is none any more.

        Raises:
            LimiterError: the storage did not answer in time.
        """

    def close(self) -> None:
        """Give up what is held open."""
