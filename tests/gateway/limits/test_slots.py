"""A slot lasts as long as the block that holds it, however that ends."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Literal

import pytest

from rebracket.errors import LimiterError, Unavailable
from rebracket.gateway.limits import slots
from rebracket.gateway.limits.gcra import Charge, Decision
from rebracket.gateway.limits.limiter import THREADS, Limiter
from rebracket.gateway.limits.sqlite import SqliteStorage
from rebracket.monitoring.metrics import LIMITER_FAILURES


class Scripted:
    """A storage that answers what the test says, and keeps what it was asked."""

    def __init__(self, answer: Callable[[int], bool]) -> None:
        self._answer = answer
        self.asked: list[tuple[str, str]] = []
        self.changed = threading.Condition()

    def lease(self, bucket: str, holder: str, *, limit: int, ttl_s: float) -> bool:
        assert (bucket, limit, ttl_s) == ("key", 1, slots.TTL_S)
        return self._answer(self._note("lease", holder))

    def release(self, bucket: str, holder: str) -> None:
        assert bucket == "key"
        self._note("release", holder)

    def take(self, charges: Sequence[Charge]) -> list[Decision]:
        raise NotImplementedError

    def take_at_once(self, charges: Sequence[Charge]) -> list[Decision] | None:
        raise NotImplementedError

    def close(self) -> None: ...

    async def until_asked(self, times: int) -> None:
        def wait() -> None:
            with self.changed:
                assert self.changed.wait_for(lambda: len(self.asked) >= times, 60)

        await asyncio.to_thread(wait)

    def _note(self, what: str, holder: str) -> int:
        with self.changed:
            self.asked.append((what, holder))
            self.changed.notify_all()
            return len(self.asked)


def limiter(storage: Scripted, on_failure: Literal["open", "closed"] = "closed") -> Limiter:
    """One that asks the storage every time, whatever failed before."""
    seconds = count(0, 10)
    return Limiter(storage, on_failure=on_failure, clock=lambda: next(seconds))


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(coroutine, 60))


def test_so_many_hold_at_once_and_the_next_when_one_ends(tmp_path: Path) -> None:
    async def hold() -> None:
        limiter = Limiter(SqliteStorage(tmp_path / "limits.db", timeout_s=60), on_failure="closed")
        async with slots.held(limiter, "key", 2) as one:
            async with slots.held(limiter, "key", 2) as two:
                async with slots.held(limiter, "key", 2) as three:
                    assert (one, two, three) == (True, True, False)
                async with slots.held(limiter, "other", 2) as other:
                    assert other
            async with slots.held(limiter, "key", 2) as three:
                assert three
        limiter.close()

    run(hold())


@pytest.mark.parametrize("how", ["error", "cancelled"])
def test_a_slot_is_given_back_however_its_block_ends(tmp_path: Path, how: str) -> None:
    async def hold() -> None:
        limiter = Limiter(SqliteStorage(tmp_path / "limits.db", timeout_s=60), on_failure="closed")
        begun = asyncio.Event()

        async def stream() -> None:
            async with slots.held(limiter, "key", 1):
                begun.set()
                if how == "error":
                    raise ZeroDivisionError
                await asyncio.Event().wait()

        streaming = asyncio.create_task(stream())
        await begun.wait()
        if how == "cancelled":
            streaming.cancel()
        with pytest.raises(ZeroDivisionError if how == "error" else asyncio.CancelledError):
            await streaming
        async with slots.held(limiter, "key", 1) as granted:
            assert granted
        limiter.close()

    run(hold())


@pytest.mark.parametrize("asks", [1, 2])
def test_who_is_cancelled_while_the_storage_is_asked_gives_back_afterwards(
    asks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For the slot, or for its renewal: a lease that is granted last would outlast its holder."""
    monkeypatch.setattr(slots, "RENEW_S", 0.001)
    go_on = threading.Event()
    storage = Scripted(lambda asked: asked != asks or go_on.wait(60))

    async def hold() -> None:
        async with slots.held(limiter(storage), "key", 1):
            await asyncio.Event().wait()

    async def cancel() -> None:
        holding = asyncio.create_task(hold())
        await storage.until_asked(asks)
        holding.cancel()
        await asyncio.sleep(0)
        assert [what for what, _ in storage.asked] == ["lease"] * asks
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await holding

    run(cancel())
    assert [what for what, _ in storage.asked] == ["lease"] * asks + ["release"]


def test_a_slot_is_renewed_by_its_holder_while_it_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "RENEW_S", 0.001)
    storage = Scripted(lambda _: True)

    async def hold() -> None:
        async with slots.held(limiter(storage), "key", 1):
            await storage.until_asked(4)

    run(hold())
    assert len({holder for _, holder in storage.asked}) == 1
    whats = [what for what, _ in storage.asked]
    assert whats == ["lease"] * (len(whats) - 1) + ["release"]


def test_slots_are_renewed_several_times_before_they_would_end() -> None:
    assert slots.RENEW_S * 3 <= slots.TTL_S


def test_a_slot_that_was_lost_is_logged_once_and_asked_for_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(slots, "RENEW_S", 0.001)
    storage = Scripted(lambda asked: asked == 1)

    async def hold() -> None:
        async with slots.held(limiter(storage), "key", 1) as granted:
            assert granted
            await storage.until_asked(5)

    run(hold())
    assert caplog.text.count("A slot of key was lost") == 1


@pytest.mark.parametrize("on_failure", ["open", "closed"])
def test_a_renewal_that_fails_ends_nothing(
    monkeypatch: pytest.MonkeyPatch, on_failure: Literal["open", "closed"]
) -> None:
    monkeypatch.setattr(slots, "RENEW_S", 0.001)

    def fail_later(asked: int) -> bool:
        if asked > 1:
            raise LimiterError("gone")
        return True

    storage = Scripted(fail_later)

    async def hold() -> None:
        async with slots.held(limiter(storage, on_failure), "key", 1):
            await storage.until_asked(4)

    run(hold())
    assert storage.asked[-1][0] == "release"


def test_without_the_storage_slots_are_given_or_refused_as_the_settings_say() -> None:
    def fail(_: int) -> bool:
        raise LimiterError("gone")

    async def hold() -> None:
        async with slots.held(limiter(Scripted(fail), "open"), "key", 1) as granted:
            assert granted
        with pytest.raises(Unavailable):
            async with slots.held(limiter(Scripted(fail), "closed"), "key", 1):
                pytest.fail("it was let in")

    run(hold())


def test_a_slot_that_is_refused_is_not_given_back() -> None:
    storage = Scripted(lambda _: False)

    async def hold() -> None:
        async with slots.held(limiter(storage), "key", 1) as granted:
            assert not granted

    run(hold())
    assert [what for what, _ in storage.asked] == ["lease"]


def test_an_unforeseen_error_reaches_whoever_waits_for_the_slot() -> None:
    async def hold() -> None:
        failing = limiter(Scripted(lambda asked: asked // 0 > 0))
        with pytest.raises(ZeroDivisionError):
            async with slots.held(failing, "key", 1):
                pytest.fail("it was let in")

    run(hold())


@pytest.mark.parametrize("on_failure", ["open", "closed"])
def test_a_slot_may_outlast_its_limiter(
    monkeypatch: pytest.MonkeyPatch, on_failure: Literal["open", "closed"]
) -> None:
    """Its renewals and its end go by unseen."""
    monkeypatch.setattr(slots, "RENEW_S", 0.001)
    storage = Scripted(lambda _: True)
    ending = limiter(storage, on_failure)
    decided_alone = asyncio.Event()
    monkeypatch.setattr(LIMITER_FAILURES, "inc", decided_alone.set)

    async def hold() -> None:
        async with slots.held(ending, "key", 1):
            ending.close()
            asked = list(storage.asked)
            await decided_alone.wait()
        assert storage.asked == asked

    run(hold())


def test_a_limiter_that_closes_answers_all_who_wait_for_a_slot() -> None:
    """More than it has threads: none of them may wait for ever, nor leave a lease behind."""
    go_on = threading.Event()
    storage = Scripted(lambda _: go_on.wait(60))
    ending = limiter(storage)

    async def hold() -> bool:
        async with slots.held(ending, "key", 1) as granted:
            return granted

    async def close() -> None:
        holding = [asyncio.create_task(hold()) for _ in range(THREADS + 2)]
        await storage.until_asked(THREADS)
        threading.Timer(0.05, go_on.set).start()
        ending.close()
        assert await asyncio.gather(*holding) == [True] * (THREADS + 2)

    run(close())


def test_a_limiter_that_closes_gives_back_what_was_to_be() -> None:
    go_on = threading.Event()
    storage = Scripted(lambda _: go_on.wait(60))
    ending = limiter(storage)

    async def close() -> None:
        lease = partial(ending.lease, "key", "a", limit=1, ttl_s=slots.TTL_S)
        asking = [asyncio.create_task(lease()) for _ in range(THREADS)]
        await storage.until_asked(THREADS)
        giving = asyncio.create_task(ending.release("key", "b"))
        await asyncio.sleep(0)
        threading.Timer(0.05, go_on.set).start()
        ending.close()
        await asyncio.gather(*asking, giving)

    run(close())
    assert storage.asked[-1] == ("release", "b")
