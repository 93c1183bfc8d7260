"""A slot that something long holds while it lasts, and that ends by itself if its process is killed."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

from rebracket.errors import Unavailable
from rebracket.gateway.limits.limiter import Limiter

TTL_S = 15.0
"""How long a slot outlives a process that was killed."""

RENEW_S = 5.0

logger = logging.getLogger(__name__)


@asynccontextmanager
async def held(limiter: Limiter, bucket: str, limit: int) -> AsyncIterator[bool]:
    """Hold one of the bucket's `limit` slots until the block ends; yields False where none is free.

    A slot that could not be renewed in time may be another's by then: whoever had it goes on.

    Raises:
        Unavailable: limits can't be checked, and the settings say to refuse then.
    """
    slot = _Slot(limiter, bucket, limit)
    keeping = asyncio.create_task(slot.keep())
    try:
        yield await asyncio.shield(slot.granted)
    finally:
        slot.over.set()
        await asyncio.shield(keeping)


class _Slot:
    """One task asks for a slot, renews it, and gives it back: in this order, whoever is cancelled."""

    def __init__(self, limiter: Limiter, bucket: str, limit: int) -> None:
        self._limiter = limiter
        self._bucket = bucket
        self._limit = limit
        self._holder = uuid4().hex
        self._lost = False
        self.granted: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.over = asyncio.Event()

    async def keep(self) -> None:
        """Hold the slot until it is over, if it is granted."""
        try:
            granted = await self._lease()
        except Exception as error:  # noqa: BLE001 - whoever waits for the slot is told
            self.granted.set_exception(error)
            return
        self.granted.set_result(granted)
        if not granted:
            return
        while not await self._is_over():
            await self._renew()
        await self._limiter.release(self._bucket, self._holder)

    async def _is_over(self) -> bool:
        """Whether it is over before it has to be renewed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(RENEW_S):
                await self.over.wait()
        return self.over.is_set()

    async def _renew(self) -> None:
        with suppress(Unavailable):  # the limiter has logged it
            if not await self._lease() and not self._lost:
                self._lost = True
                logger.warning("A slot of %s was lost, and others hold all", self._bucket)

    async def _lease(self) -> bool:
        return await self._limiter.lease(self._bucket, self._holder, limit=self._limit, ttl_s=TTL_S)
