"""Limits as the rest of the gateway uses them: off the event loop, and never waiting for long."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Literal, Self, TypeVar

from rebracket.config import RateLimit
from rebracket.errors import LimiterError, Unavailable
from rebracket.gateway.limits.gcra import Charge, Decision
from rebracket.gateway.limits.sqlite import SqliteStorage
from rebracket.gateway.limits.storage import Storage
from rebracket.monitoring.metrics import LIMITER_FAILURES

THREADS = 4
PAUSE_S = 1.0
SQLITE = "sqlite:///"

NO_DECISIONS: tuple[Decision, ...] = ()

T = TypeVar("T")
U = TypeVar("U")

logger = logging.getLogger(__name__)


def open_storage(settings: RateLimit) -> Storage:
    """The storage that the settings name.

    Raises:
        LimiterError: it can't be opened.
    """
    if settings.storage.startswith(SQLITE):
        path = Path(settings.storage.removeprefix(SQLITE))
        return SqliteStorage(path, timeout_s=settings.timeout_s)
    from rebracket.gateway.limits.redis import RedisStorage  # a tenth of what a worker imports

    return RedisStorage(settings.storage, timeout_s=settings.timeout_s)


class Limiter:
    """Decides with a storage; without it, after a failure, by itself for `PAUSE_S` seconds.

    Failing `open` lets all pass, with no decision to report; failing `closed` refuses all. Either
    way each such decision is counted in `rebracket_limiter_failures_total`. Closed, it decides by
    itself too: a live stream that a shutdown cuts off may outlast it.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        on_failure: Literal["open", "closed"],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._storage = storage
        self._on_failure = on_failure
        self._clock = clock
        self._resume_at = -float("inf")
        self._closed = False
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="limits")

    @classmethod
    def from_settings(cls, settings: RateLimit) -> Self:
        """Open the settings' storage.

        Raises:
            LimiterError: it can't be opened.
        """
        return cls(open_storage(settings), on_failure=settings.on_failure)

    async def take(self, charges: Sequence[Charge]) -> list[Decision]:
        """As `take_here`, from the event loop: at once where that waits for nothing, else by a thread."""
        decisions = self._ask(lambda: self._storage.take_at_once(charges), NO_DECISIONS)
        if decisions is None:
            return await self._in_thread(lambda: self.take_here(charges))
        return list(decisions)

    def take_here(self, charges: Sequence[Charge]) -> list[Decision]:
        """Make all charges or none; no decisions where the storage failed and failing is open.

        Raises:
            Unavailable: the storage failed and failing is closed.
        """
        return list(self._ask(lambda: self._storage.take(charges), NO_DECISIONS))

    async def lease(self, bucket: str, holder: str, *, limit: int, ttl_s: float) -> bool:
        """As `Storage.lease`; held where the storage failed and failing is open.

        Raises:
            Unavailable: the storage failed and failing is closed.
        """

        def lease() -> bool:
            return self._storage.lease(bucket, holder, limit=limit, ttl_s=ttl_s)

        return await self._in_thread(lambda: self._ask(lease, otherwise=True))

    async def release(self, bucket: str, holder: str) -> None:
        """As `Storage.release`; where the storage fails, the lease ends by itself."""

        def release() -> None:
            self._storage.release(bucket, holder)

        with suppress(Unavailable):
            await self._in_thread(lambda: self._ask(release, None))

    async def _in_thread(self, call: Callable[[], T]) -> T:
        if self._closed:
            return call()  # it waits for nothing any more
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    def _ask(self, call: Callable[[], T], otherwise: U) -> T | U:
        """What the storage answers; `otherwise` where it failed and failing is open."""
        if not self._closed and self._clock() >= self._resume_at:
            try:
                return call()
            except LimiterError as error:
                self._resume_at = self._clock() + PAUSE_S
                logger.error("Limits fail %s: %s", self._on_failure, error)  # noqa: TRY400 - one line
        LIMITER_FAILURES.inc()
        if self._on_failure == "closed":
            raise Unavailable("Limits can't be checked right now", retry_after_s=int(PAUSE_S) + 1)
        return otherwise

    def close(self) -> None:
        """Let all that was asked be answered; close the storage.

        None of it is dropped: whoever waits for a lease would wait for ever, and one that was to be
        given back would stay. If the storage fails, only those that are asking it wait for that.
        """
        self._pool.shutdown()
        self._closed = True
        self._storage.close()
