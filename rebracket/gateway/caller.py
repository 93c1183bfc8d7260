"""Who asks, and what its limits have said so far: known from the gate to the answer."""

from contextvars import ContextVar
from dataclasses import dataclass, field

from rebracket.errors import TooManyRequests
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


@dataclass(slots=True)
class Caller:
    """One request's caller; `subject` names whose share it uses, `work` how many tokens that holds.

    `version` is the model version that it asks for, and may.
    """

    limiter: Limiter | None
    subject: str = ""
    work: Rate | None = None
    version: str = ""
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


async def charge_work(tokens: int) -> None:
    """Take tokens from the caller's work; outside of a limited request they are free.

    Raises:
        TooManyRequests: they are not there.
        Unavailable: limits can't be checked, and the settings say to refuse then.
    """
    caller = _caller.get()
    if caller:
        await caller.charge_work(tokens)
