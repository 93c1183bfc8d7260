"""What one stream sent and heard; times are in seconds after the start of all."""

from array import array
from dataclasses import dataclass, field

TURNED_AWAY = (429, 503, 1012, 1013)
WELL = 1000


@dataclass(frozen=True, slots=True)
class Heard:
    """A full window's answer: when the frame with its last sample was `handed` over, when it `arrived`."""

    seq: int
    start: int
    end: int
    handed: float
    arrived: float
    said_ms: float

    @property
    def lag_ms(self) -> float:
        """From the one to the other."""
        return (self.arrived - self.handed) * 1000


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended: a close code of WebSocket, a status of HTTP, or 0 where the connection broke."""

    code: int
    reason: str = ""
    retry_after_s: int | None = None

    @property
    def turned_away(self) -> bool:
        """The server had no room, and said so."""
        return self.code in TURNED_AWAY


@dataclass(slots=True)
class Record:
    """One stream's; `handed` is when each frame was, `late` by how much that was after it was due."""

    number: int
    handed: "array[float]" = field(default_factory=lambda: array("d"))
    late: "array[float]" = field(default_factory=lambda: array("d"))
    heard: list[Heard] = field(default_factory=list)
    ended: Ended = Ended(0, "no summary")
