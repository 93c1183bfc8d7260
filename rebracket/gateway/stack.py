"""The gateway of one worker: its middleware in order, and what runs beside them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Self

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from rebracket.config import Api, Deployment
from rebracket.gateway import access
from rebracket.gateway.access_log import AccessLog
from rebracket.gateway.answers import ProblemAnswers
from rebracket.gateway.deadline import Deadline
from rebracket.gateway.draining import LastAnswers
from rebracket.gateway.gate import Gate, Gatekeeper
from rebracket.gateway.keyring import Keyring
from rebracket.gateway.limits.limiter import Limiter
from rebracket.gateway.middleware import (
    REQUEST_ID,
    SUBJECT,
    BodyLimit,
    RequestIds,
    TextHeaders,
)
from rebracket.gateway.security_headers import SecurityHeaders
from rebracket.inference.router import PIN

READ_HEADERS = ("Authorization", "Content-Type", "X-API-Key", "traceparent")
"""What browsers of allowed origins may send, beside the headers that have a room of their own."""


class Gateway:
    """Built once a worker; opens keys and limits while `running`."""

    def __init__(self, keeper: Gatekeeper, api: Api) -> None:
        self._keeper = keeper
        self._api = api

    @classmethod
    def from_settings(cls, deployment: Deployment) -> Self:
        """The gateway that the settings describe.

        Raises:
            LimiterError: the limits' storage can't be opened.
        """
        auth, rate_limit = deployment.auth, deployment.rate_limit
        keyring = Keyring(auth.store, refresh_s=auth.refresh_s, max_stale_s=auth.max_stale_s)
        return cls(
            Gatekeeper(
                auth=auth,
                rate_limit=rate_limit,
                keyring=keyring if auth.enabled else None,
                limiter=Limiter.from_settings(rate_limit) if rate_limit.enabled else None,
            ),
            deployment.api,
        )

    @property
    def outer(self) -> list[Middleware]:
        """What stands before BentoML's own middleware, outermost first."""
        return [
            Middleware(LastAnswers),
            Middleware(RequestIds),
            Middleware(AccessLog),
            Middleware(SecurityHeaders),
            *self._cors(),
            Middleware(ProblemAnswers),
            Middleware(TextHeaders),
            Middleware(Gate, keeper=self._keeper),
        ]

    @property
    def inner(self) -> list[Middleware]:
        """What stands behind BentoML's own middleware, outermost first."""
        api = self._api
        return [
            Middleware(Deadline, timeout_s=api.timeout_s),
            Middleware(
                BodyLimit,
                limit=api.max_json_bytes,
                multipart_limit=api.max_multipart_bytes,
                total_limit=api.max_bodies_bytes,
                timeout_s=api.body_timeout_s,
                unbounded=(access.STREAM,),
            ),
        ]

    def _cors(self) -> list[Middleware]:
        if not self._api.cors_origins:
            return []
        return [
            Middleware(
                CORSMiddleware,
                allow_origins=self._api.cors_origins,
                allow_methods=["GET", "POST"],
                allow_headers=[*READ_HEADERS, REQUEST_ID, SUBJECT, PIN],
                expose_headers=[REQUEST_ID, "RateLimit", "RateLimit-Policy", "Retry-After"],
            )
        ]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the keys current until the block ends.

        Raises:
            KeyStoreError: the key store can't be opened.
        """
        keyring = self._keeper.keyring
        watching = None
        if keyring is not None:
            await asyncio.to_thread(keyring.open)
            watching = asyncio.create_task(keyring.watch())
        try:
            yield
        finally:
            if keyring is not None and watching is not None:
                watching.cancel()
                with suppress(asyncio.CancelledError):
                    await watching
                keyring.close()
            if self._keeper.limiter is not None:
                self._keeper.limiter.close()
