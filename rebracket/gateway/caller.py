"""Who asks, and what its limits have said so far: known from the gate to the answer."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from rebracket.errors import TooManyRequests
from rebracket.gateway.limits import slots
from rebracket.gateway.limits.fields import retry_after_s
from rebracket.gateway.limits.gcra import Charge, Decision
from rebracket.gateway.limits.limiter import Limiter
from rebracket.monitoring.metrics import REJECTIONS
from rebracket.rates import Rate

DETAILS = {
    "requests": "This key's requests are used up for now",
    "work": "This key's work is used up for now; long texts and batches use more of it",
    "failures": "Too many requests without a valid key from this address",
}
STREAMS_RETRY_S = 5


@dataclass(slots=True)
class Caller:
    """One request's caller.

    `subject` names whose share it uses, `work` how many tokens that holds, `streams` how many it may
    have open at once; `version` is the model version that it asks for, and may. `is_valid` says
    whether the key that it came with is still active; without keys everyone stays.
    """

    limiter: Limiter | None
    subject: str = ""
    work: Rate | None = None
    streams: int | None = None
    version: str = ""
    is_valid: Callable[[], bool] = lambda: True
    decisions: dict[str, Decision] = field(default_factory=dict)

    async def charge_work(self, tokens: int) -> None:
        """Take `tokens` from the caller's work.

        Raises:
            TooManyRequests: they are not there.
            Unavailable: limits can't be checked, and the settings say to refuse then.
        """
        if self.limiter is not None and self.work is not None:
            charge = Charge(f"work:{self.subject}", "work", self.work, cost=tokens)
            self.note(await self.limiter.take([charge]))

    @asynccontextmanager
    async def stream_slot(self) -> AsyncIterator[None]:
        """Hold one of the caller's streams until the block ends.

        Raises:
            TooManyRequests: all are in use.
            Unavailable: limits can't be checked, and the settings say to refuse then.
        """
        if self.limiter is None or self.streams is None:
            yield
            return
        bucket = f"streams:{self.subject}"
        async with slots.held(self.limiter, bucket, self.streams) as granted:
            if not granted:
                REJECTIONS.labels(reason="streams").inc()
                raise TooManyRequests(
                    f"This key's streams are all in use: {self.streams} at once",
                    retry_after_s=STREAMS_RETRY_S,
                )
            yield

    def note(self, decisions: list[Decision]) -> None:
        """Keep decisions for the answer's header.

        Raises:
            TooManyRequests: one of them refuses.
        """
        told = [d for d in decisions if not (d.charge.probe and d.allowed)]
        self.decisions |= {decision.charge.policy: decision for decision in told}
        for decision in decisions:
            if not decision.allowed:
                REJECTIONS.labels(reason=decision.charge.policy).inc()
                raise TooManyRequests(
                    DETAILS[decision.charge.policy],
                    retry_after_s=retry_after_s(self.decisions.values()),
                )


_caller: ContextVar[Caller | None] = ContextVar("caller", default=None)


def enter(caller: Caller) -> None:
    """Make `caller` the one of the request that is being answered."""
    _caller.set(caller)


def subject() -> str:
    """Whose share the request uses; nobody's outside of one."""
    caller = _caller.get()
    return caller.subject if caller else ""


def version() -> str:
    """The model version that the request asks for; empty where any will do."""
    caller = _caller.get()
    return caller.version if caller else ""


def is_valid() -> bool:
    """Whether the key that the request came with is still active; nobody's is."""
    caller = _caller.get()
    return caller is None or caller.is_valid()


@asynccontextmanager
async def stream_slot() -> AsyncIterator[None]:
    """Hold one of the caller's streams until the block ends; outside of a limited request they are free.

    Raises:
        TooManyRequests: all are in use.
        Unavailable: limits can't be checked, and the settings say to refuse then.
    """
    caller = _caller.get()
    if caller is None:
        yield
        return
    async with caller.stream_slot():
        yield


async def charge_work(tokens: int) -> None:
    """Take tokens from the caller's work; outside of a limited request they are free.

    Raises:
        TooManyRequests: they are not there.
        Unavailable: limits can't be checked, and the settings say to refuse then.
    """
    caller = _caller.get()
    if caller:
        await caller.charge_work(tokens)
