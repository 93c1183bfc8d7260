"""How many streams a worker takes: as many as it can answer in time."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from rebracket.errors import Unavailable
from rebracket.monitoring.metrics import REJECTIONS, STREAM_SESSIONS
from rebracket.segment.live.grid import Grid
from rebracket.segment.mel import HOP, RATE, parts_of

RETRY_S = 5
RECENT_S = 5.0
ENOUGH = 10
"""Windows in the last `RECENT_S` seconds from which lag can be told."""

LATE = 0.05
"""Of the recent windows, how many may lag."""

LISTENING, PART, WINDOW, FRAME = 0.25, 0.3, 0.15, 0.0025
"""What a stream costs: a second, a second of each part of its levels, each window, each frame of it.

In streams of one channel with windows of 4 s, 251 frames, and half overlap, which cost 1: so the
processor's time was divided at 44.1 kHz.
"""


def load(grid: Grid, channels: int) -> float:
    """What a stream costs, in streams of the usual kind."""
    windows_a_second = RATE / (grid.hop * HOP)
    frames = grid.window / grid.rate * RATE / HOP
    listening = LISTENING + PART * parts_of(channels)
    return listening + windows_a_second * (WINDOW + FRAME * frames)


class Seats:
    """Takes streams up to `limit`, and none while windows lag more than `max_lag_ms`."""

    def __init__(
        self, limit: float, *, max_lag_ms: float, clock: Callable[[], float] = monotonic
    ) -> None:
        self._limit = limit
        self._max_lag_ms = max_lag_ms
        self._clock = clock
        self._taken = 0.0
        self._lags: deque[tuple[float, float]] = deque()

    def note(self, lag_ms: float) -> None:
        """A window was answered."""
        now = self._clock()
        self._lags.append((now, lag_ms))
        self._forget(now)

    def check(self, wanted: float = 0.0) -> None:
        """Whether a stream of a load could be taken; one that comes first always can.

        Raises:
            Unavailable: there are too many, or they lag.
        """
        if self._taken and self._taken + wanted > self._limit:
            raise self._refusal("As many live streams as can be read in time are open")
        if self._is_late():
            raise self._refusal("Live streams are answered late right now")

    @contextmanager
    def taken(self, wanted: float) -> Iterator[None]:
        """Hold a seat until the block ends.

        Raises:
            Unavailable: there are too many, or they lag.
        """
        self.check(wanted)
        self._taken += wanted
        STREAM_SESSIONS.inc()
        try:
            yield
        finally:
            STREAM_SESSIONS.dec()
            self._taken -= wanted

    def _is_late(self) -> bool:
        self._forget(self._clock())
        late = sum(lag > self._max_lag_ms for _, lag in self._lags)
        return len(self._lags) >= ENOUGH and late > LATE * len(self._lags)

    def _forget(self, now: float) -> None:
        while self._lags and self._lags[0][0] < now - RECENT_S:
            self._lags.popleft()

    @staticmethod
    def _refusal(detail: str) -> Unavailable:
        REJECTIONS.labels(reason="streams_full").inc()
        return Unavailable(detail, retry_after_s=RETRY_S)
