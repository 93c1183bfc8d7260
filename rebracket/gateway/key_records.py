"""What is kept of a key: everything but its secret."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from rebracket.gateway.keys import Key, Scope
from rebracket.rates import Rate

State = Literal["active", "expired", "revoked"]


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A stored key. Times are UTC; `origin` is the id of the key that it was rotated from, or its own.

    Limits are counted by origin, so that rotating a key gives its holder no second share.
    """

    id: str
    origin: str
    name: str
    digest: bytes = field(repr=False)
    scopes: tuple[Scope, ...]
    rate: Rate | None
    work: Rate | None
    streams: int | None
    created: datetime
    expires: datetime | None
    revoked: datetime | None

    def state(self, now: datetime) -> State:
        """Whether the key opens anything at `now`.

        A revocation counts at once: the clock of the machine that revoked may be ahead.
        """
        if self.revoked is not None:
            return "revoked"
        if self.expires is not None and self.expires <= now:
            return "expired"
        return "active"


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made: the only moment at which its secret is known."""

    key: Key
    record: KeyRecord


def now() -> datetime:
    """The time in UTC, to the second, as it is stored."""
    return datetime.now(UTC).replace(microsecond=0)
