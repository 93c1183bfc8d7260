"""Lets callers in: a key, the scope that the route needs, and a share that is not used up."""

import logging
from dataclasses import dataclass
from functools import partial

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rebracket.config import Auth, RateLimit
from rebracket.errors import Forbidden, NotFound, RequestError, TooManyRequests, Unauthorized
from rebracket.gateway import access, caller, problems
from rebracket.gateway.caller import Caller
from rebracket.gateway.key_records import KeyRecord
from rebracket.gateway.keyring import Keyring
from rebracket.gateway.limits.fields import fields
from rebracket.gateway.limits.gcra import Charge
from rebracket.gateway.limits.limiter import Limiter
from rebracket.gateway.middleware import request_id
from rebracket.inference.router import PIN
from rebracket.monitoring import trace
from rebracket.monitoring.metrics import REJECTIONS

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Gatekeeper:
    """Decides who comes in; without a keyring everyone does, and shares are counted by address."""

    auth: Auth
    rate_limit: RateLimit
    keyring: Keyring | None
    limiter: Limiter | None

    async def admit(self, scope: Scope, who: Caller) -> None:
        """Find out who asks and take one request from its share.

        Raises:
            RequestError: what keeps the caller out.
        """
        record = await self._identify(scope, who) if self.keyring else None
        who.subject = record.origin if record else access.neighbourhood(scope)
        request_trace = trace.current()
        request_trace.key_id = record.id if record else ""
        request_trace.subject = request_trace.subject or who.subject
        who.work = (record and record.work) or self.rate_limit.work
        who.streams = (record and record.streams) or self.rate_limit.streams
        rate = (record and record.rate) or self.rate_limit.default
        request = Charge(f"requests:{who.subject}", "requests", rate)
        await self._take(who, request, *self._failure(scope, probe=True))
        path = scope["path"]
        if not path.isprintable():
            # Routers match "/predict\n" as "/predict"; a table of scopes by path would not.
            raise NotFound("There is nothing at this path")
        needed = access.needed_scope(path)
        if record and needed and needed not in record.scopes:
            raise Forbidden(needed)
        who.version = Headers(scope=scope).get(PIN, "")
        if record and who.version and "admin" not in record.scopes:
            raise Forbidden("admin")

    async def _identify(self, scope: Scope, who: Caller) -> KeyRecord:
        assert self.keyring is not None
        try:
            record = self.keyring.check(access.credential(Headers(scope=scope)))
        except Unauthorized:
            await self._take(who, *self._failure(scope, probe=False))
            raise
        who.is_valid = partial(self.keyring.is_active, record.id)
        return record

    def _failure(self, scope: Scope, *, probe: bool) -> list[Charge]:
        """The charge for failing; an address that failed too often is refused with any key.

        A right key must not tell a guesser that it is right, so it is only probed for as well.
        """
        if self.keyring is None or self.auth.failures is None:
            return []
        bucket = f"failures:{access.neighbourhood(scope)}"
        return [Charge(bucket, "failures", self.auth.failures, probe=probe)]

    async def _take(self, who: Caller, *charges: Charge) -> None:
        if who.limiter is not None and charges:
            who.note(await who.limiter.take(charges))


class Gate:
    """Stands before everything that costs: refuses before a body is read."""

    def __init__(self, app: ASGIApp, keeper: Gatekeeper) -> None:
        self.app = app
        self.keeper = keeper

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] not in ("http", "websocket") or self._is_open(scope):
            await self.app(scope, receive, send)
            return
        who = Caller(self.keeper.limiter)

        async def reporting(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                MutableHeaders(scope=message).update(fields(who.decisions.values()))
            await send(message)

        try:
            await self.keeper.admit(scope, who)
        except RequestError as error:
            self._log(scope, error)
            await problems.respond(error)(scope, receive, reporting)
            return
        caller.enter(who)
        await self.app(scope, receive, reporting)

    def _is_open(self, scope: Scope) -> bool:
        return access.is_open(scope, self.keeper.auth.metrics)

    def _log(self, scope: Scope, error: RequestError) -> None:
        if not isinstance(error, TooManyRequests):  # those count themselves, by policy
            REJECTIONS.labels(reason=error.slug).inc()
        if isinstance(error, Unauthorized):
            # The failures' limit bounds these lines.
            address = access.client_address(scope)
            logger.warning("401 to %s, request %s", address, request_id())
