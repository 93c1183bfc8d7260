"""Leases as they are meant: what storages must equal."""

from dataclasses import dataclass, field


@dataclass
class Leases:
    """Ends by bucket and holder, in the unit that `now` and `ttl` are in."""

    limit: int
    ttl: int
    ends: dict[tuple[str, str], int] = field(default_factory=dict)

    def lease(self, bucket: str, holder: str, now: int) -> bool:
        alive = {h for (b, h), end in self.ends.items() if b == bucket and end > now}
        if holder not in alive and len(alive) >= self.limit:
            return False
        self.ends[bucket, holder] = now + self.ttl
        return True

    def release(self, bucket: str, holder: str) -> None:
        self.ends.pop((bucket, holder), None)
