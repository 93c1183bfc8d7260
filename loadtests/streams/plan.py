"""When which sample of which stream is sent, and which windows that makes."""

from dataclasses import dataclass
from math import ceil

from rebracket.messages import Start

LEAD_S = 2.0
"""Streams open that long before they sound."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`streams` of mono `pcm_s16le` in real time, from the start for a warm-up and then `seconds`.

    They begin evenly spread over a hop, so that their windows don't all end at once, or `together`.
    Times are in seconds after the start.
    """

    streams: int
    seconds: float = 30.0
    frame_ms: int = 50
    window_s: float = 4.0
    overlap: float = 0.5
    together: bool = False
    rate: int = 44_100

    @property
    def frame(self) -> int:
        """Samples that are sent at once."""
        return self.rate * self.frame_ms // 1000

    @property
    def window(self) -> int:
        """Samples of a window."""
        return round(self.window_s * self.rate)

    @property
    def hop(self) -> int:
        """Samples from one window's start to the next one's."""
        return round(self.window * (1 - self.overlap))

    @property
    def settled_s(self) -> float:
        """When all streams sound, each has had a window read, and counting begins."""
        return LEAD_S + (self.window + 2 * self.hop) / self.rate

    @property
    def frames(self) -> int:
        """What a stream sends: the last one to begin sounds until counting has ended."""
        sounding_s = self.settled_s - LEAD_S + self.seconds
        return ceil(sounding_s * self.rate / self.frame)

    def begins_s(self, number: int) -> float:
        """When a stream's first sample sounds."""
        shift = 0.0 if self.together else number / self.streams
        return LEAD_S + shift * self.hop / self.rate

    def due_s(self, index: int) -> float:
        """When a frame's last sample has sounded, after the stream's first."""
        return (index + 1) * self.frame / self.rate

    def frame_of(self, end: int) -> int:
        """The frame that holds the last sample before `end`."""
        return (end - 1) // self.frame

    def full_windows(self, frames: int) -> int:
        """How many windows end within so many frames."""
        return max(0, (frames * self.frame - self.window) // self.hop + 1)

    def opening(self) -> Start:
        """What a stream says first."""
        return Start(
            encoding="pcm_s16le",
            sample_rate=self.rate,
            window_s=self.window_s,
            overlap=self.overlap,
        )
