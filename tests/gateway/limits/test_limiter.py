"""A storage that fails is not asked again for a moment; meanwhile the setting decides."""

import asyncio
import threading
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Literal

import pytest
from prometheus_client import REGISTRY

from rebracket.config import RateLimit
from rebracket.errors import LimiterError, Unavailable
from rebracket.gateway.limits.gcra import Charge, Decision, decide
from rebracket.gateway.limits.limiter import PAUSE_S, Limiter, open_storage
from rebracket.gateway.limits.redis import RedisStorage
from rebracket.rates import Rate

CHARGE = Charge("a", "requests", Rate("10/day"))


class Flaky:
    """A storage that fails when told to, and counts."""

    def __init__(self) -> None:
        self.failing = False
        self.waiting = False
        self.asked = 0
        self.threads: set[int] = set()

    def take(self, charges: Sequence[Charge]) -> list[Decision]:
        self.asked += 1
        self.threads.add(threading.get_ident())
        if self.failing:
            raise LimiterError("gone")
        return [decide(0, charge, charged=True) for charge in charges]

    def take_at_once(self, charges: Sequence[Charge]) -> list[Decision] | None:
        return None if self.waiting else self.take(charges)

    def lease(self, bucket: str, holder: str, *, limit: int, ttl_s: float) -> bool:
        self.asked += 1
        if self.failing:
            raise LimiterError("gone")
        return (bucket, holder, ttl_s) == ("a", "me", 15) and limit > 0

    def release(self, bucket: str, holder: str) -> None:
        self.asked += 1
        if self.failing:
            raise LimiterError(f"{bucket} and {holder} are gone")

    def close(self) -> None: ...


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def failures() -> float:
    return REGISTRY.get_sample_value("rebracket_limiter_failures_total") or 0.0


@pytest.mark.parametrize("waiting", [False, True])
def test_the_event_loop_leaves_waiting_to_a_thread(waiting: bool) -> None:
    storage = Flaky()
    storage.waiting = waiting
    limiter = Limiter(storage, on_failure="open")
    (decision,) = asyncio.run(limiter.take([CHARGE]))
    limiter.close()
    assert decision.remaining == 9
    assert (threading.get_ident() in storage.threads) != waiting


def test_failing_open_lets_pass_and_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    storage, clock, before = Flaky(), Clock(), failures()
    limiter = Limiter(storage, on_failure="open", clock=clock)
    storage.failing = True
    assert [limiter.take_here([CHARGE]) for _ in range(5)] == [[]] * 5
    assert (storage.asked, failures() - before) == (1, 5)
    assert caplog.text.count("Limits fail open: gone") == 1
    storage.failing, clock.now = False, PAUSE_S
    assert len(limiter.take_here([CHARGE])) == 1
    limiter.close()


def test_failing_closed_refuses_with_a_time_to_come_again() -> None:
    storage = Flaky()
    storage.failing = True
    limiter = Limiter(storage, on_failure="closed")
    with pytest.raises(Unavailable) as caught:
        limiter.take_here([CHARGE])
    limiter.close()
    assert int(caught.value.headers["Retry-After"]) > PAUSE_S


@pytest.mark.parametrize("on_failure", ["open", "closed"])
def test_leases_fail_as_charges_do(on_failure: Literal["open", "closed"]) -> None:
    storage, clock, before = Flaky(), Clock(), failures()
    limiter = Limiter(storage, on_failure=on_failure, clock=clock)

    def lease(limit: int) -> bool:
        return asyncio.run(limiter.lease("a", "me", limit=limit, ttl_s=15))

    assert (lease(1), lease(0)) == (True, False)
    storage.failing = True
    for _ in range(3):
        with nullcontext() if on_failure == "open" else pytest.raises(Unavailable):
            assert lease(0)
    assert (storage.asked, failures() - before) == (3, 3)
    storage.failing, clock.now = False, PAUSE_S
    assert not lease(0)
    limiter.close()


def test_a_lease_that_cannot_be_given_back_is_left_to_end() -> None:
    storage = Flaky()
    storage.failing = True
    limiter = Limiter(storage, on_failure="closed")
    asyncio.run(limiter.release("a", "me"))
    limiter.close()
    assert storage.asked == 1


def test_the_settings_name_the_storage() -> None:
    storage = open_storage(RateLimit(storage="redis://localhost:1/0"))
    assert isinstance(storage, RedisStorage)
    with pytest.raises(LimiterError):
        storage.take([CHARGE])
    storage.close()
