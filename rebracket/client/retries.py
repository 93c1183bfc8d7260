"""When to try again, and when to stop."""

from dataclasses import dataclass
from random import uniform
from time import monotonic

from rebracket.errors import Busy, CallError, Unreachable

SHORTEST_S = 0.001


@dataclass(frozen=True, slots=True)
class Retries:
    """Waits of full jitter, after https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter.

    The n-th wait is anything up to `base_s` · 2ⁿ⁻¹ seconds, `cap_s` at most, on top of what
    `Retry-After` asks: those who were refused together should not come back together.
    """

    attempts: int = 4
    base_s: float = 0.25
    cap_s: float = 8.0

    def wait_s(self, error: CallError, made: int) -> float | None:
        """Seconds to wait after `made` attempts, the last of which failed so; None: it stays at that.

        Time-outs are not repeated: a service that is too slow already would have twice the work.
        """
        if made >= self.attempts or not isinstance(error, Unreachable | Busy):
            return None
        asked = error.retry_after_s if isinstance(error, Busy) else 0.0
        return asked + uniform(0, min(self.cap_s, self.base_s * 2 ** (made - 1)))


ONCE = Retries(attempts=1)


class Attempts:
    """The attempts of one call, which together have `total_s` seconds."""

    def __init__(self, retries: Retries, total_s: float) -> None:
        self._retries = retries
        self._made = 0
        self._deadline = monotonic() + total_s

    @property
    def left_s(self) -> float:
        """Seconds until the call has to end, never none: a wait may have taken longer than asked."""
        return max(SHORTEST_S, self._deadline - monotonic())

    def wait_s(self, error: CallError) -> float:
        """Seconds to wait before the next attempt.

        Raises:
            CallError: `error` itself, where no attempt can follow in time.
        """
        self._made += 1
        wait = self._retries.wait_s(error, self._made)
        if wait is None or wait >= self.left_s:
            raise error
        return wait
