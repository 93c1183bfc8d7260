"""Where a segment's time went."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one segment: made into arrays, waiting for a thread, in the engine."""

    decode_s: float
    queue_s: float
    compute_s: float

    @property
    def total_s(self) -> float:
        """All stages together."""
        return self.decode_s + self.queue_s + self.compute_s
