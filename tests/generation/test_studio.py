"""Tasks are done one at a time, in turn, and only while somebody waits for them."""

import asyncio
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from typing import Any, TypeVar

import pytest

from rebracket.config import Generation
from rebracket.errors import Unavailable
from rebracket.generation.compose import Abandoned
from rebracket.generation.studio import NICENESS, Studio, Wanted

T = TypeVar("T")
WAIT_S = 30
"""Seconds after which a test that waits has failed."""


def with_studio(act: Callable[[Studio], Coroutine[Any, Any, T]], *, max_queue: int = 100_000) -> T:
    async def run() -> T:
        studio = Studio(Generation(max_queue=max_queue))
        try:
            return await asyncio.wait_for(act(studio), WAIT_S)
        finally:
            await studio.close()

    return asyncio.run(run())


class Held:
    """Work that ends when it is let, and says whether it has begun and was still wanted at its end."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.let = threading.Event()
        self.was_wanted: list[bool] = []

    def run(self, wanted: Wanted) -> str:
        self.begun.set()
        assert self.let.wait(WAIT_S)
        self.was_wanted.append(wanted())
        if not wanted():
            raise Abandoned
        return "held"


async def occupied(studio: Studio, held: Held, *, caller: Hashable = "other") -> asyncio.Task[str]:
    """A studio whose thread is busy with held work."""
    task = asyncio.create_task(studio.do(1, held.run, caller=caller))
    assert await asyncio.to_thread(held.begun.wait, WAIT_S)
    return task


async def settled() -> None:
    """Whatever can go on without waiting has gone on."""
    for _ in range(5):
        await asyncio.sleep(0)


async def queued(*works: Awaitable[T]) -> list[asyncio.Task[T]]:
    """Tasks that wait in this order."""
    found = []
    for work in works:
        found.append(asyncio.ensure_future(work))
        await settled()
    return found


def test_a_task_s_result_is_returned() -> None:
    async def act(studio: Studio) -> tuple[int, bool]:
        return (
            await studio.do(10, lambda _: 5, caller=None),
            await studio.do(10, lambda wanted: wanted(), caller=None),
        )

    assert with_studio(act) == (5, True)


def test_one_is_done_at_a_time_and_all_on_one_thread_of_its_own() -> None:
    running, most, threads = [0], [0], set[int]()

    def work(_: Wanted) -> None:
        running[0] += 1
        most[0] = max(most[0], running[0])
        threads.add(threading.get_ident())
        running[0] -= 1

    async def act(studio: Studio) -> None:
        await asyncio.gather(*(studio.do(5, work, caller=number % 3) for number in range(20)))

    with_studio(act)
    assert most == [1]
    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_the_loop_goes_on_while_something_is_done() -> None:
    async def act(studio: Studio) -> str:
        held = Held()
        task = await occupied(studio, held)
        assert not task.done()
        held.let.set()
        return await task

    assert with_studio(act) == "held"


def test_callers_have_their_turns_whatever_one_asks_for() -> None:
    order: list[str] = []

    async def act(studio: Studio) -> None:
        held = Held()
        first = await occupied(studio, held)
        many = [
            studio.do(100, lambda _, n=number: order.append(f"many {n}"), caller="many")  # type: ignore[misc]
            for number in range(6)
        ]
        one = studio.do(100, lambda _: order.append("one"), caller="one")
        tasks = await queued(*many, one)
        held.let.set()
        await asyncio.gather(first, *tasks)

    with_studio(act)
    assert sorted(order) == ["many 0", "many 1", "many 2", "many 3", "many 4", "many 5", "one"]
    assert order.index("one") <= 3
    assert [name for name in order if name != "one"] == [f"many {n}" for n in range(6)]


def test_more_than_may_wait_is_refused_and_told_when_to_come_again() -> None:
    async def act(studio: Studio) -> Unavailable:
        held = Held()
        first = await occupied(studio, held)
        (waiting,) = await queued(studio.do(90, lambda _: "waited", caller="a"))
        (fitting,) = await queued(studio.do(10, lambda _: "fits", caller="a"))
        with pytest.raises(Unavailable) as caught:
            await studio.do(1, lambda _: "too much", caller="b")
        held.let.set()
        assert [await task for task in (first, waiting, fitting)] == ["held", "waited", "fits"]
        assert await studio.do(100, lambda _: "later", caller="b") == "later"
        return caught.value

    found = with_studio(act, max_queue=100)
    assert found.status == 503
    assert int(found.headers["Retry-After"]) >= 1


def test_one_task_may_be_larger_than_all_that_may_wait() -> None:
    async def act(studio: Studio) -> str:
        held = Held()
        first = await occupied(studio, held)
        (large,) = await queued(studio.do(5_000, lambda _: "large", caller="a"))
        held.let.set()
        await first
        return await large

    assert with_studio(act, max_queue=100) == "large"


def test_how_long_to_wait_follows_the_pace_of_what_was_done() -> None:
    async def refusal(studio: Studio, work: int) -> int:
        with pytest.raises(Unavailable) as caught:
            await studio.do(work, lambda _: "", caller="b")
        return int(caught.value.headers["Retry-After"])

    async def act(studio: Studio) -> tuple[int, int]:
        pause = threading.Event()
        await studio.do(10, lambda _: str(pause.wait(0.2)), caller="a")
        held = Held()
        first = await occupied(studio, held)
        (waiting,) = await queued(studio.do(100, lambda _: "", caller="a"))
        found = await refusal(studio, 10), await refusal(studio, 100_000)
        held.let.set()
        await asyncio.gather(first, waiting)
        return found

    soon, late = with_studio(act, max_queue=100)
    assert 1 <= soon < late


def test_what_was_left_before_its_turn_is_never_begun() -> None:
    begun: list[str] = []

    async def act(studio: Studio) -> None:
        held = Held()
        first = await occupied(studio, held)
        left, other = await queued(
            studio.do(60, lambda _: begun.append("left"), caller="a"),
            studio.do(10, lambda _: begun.append("other"), caller="a"),
        )
        left.cancel()
        await settled()
        # It takes no room any more either.
        (more,) = await queued(studio.do(90, lambda _: begun.append("more"), caller="b"))
        held.let.set()
        await asyncio.gather(first, other, more)
        assert left.cancelled()

    with_studio(act, max_queue=100)
    assert sorted(begun) == ["more", "other"]


def test_what_is_left_while_it_is_done_is_told_so_and_the_next_begins() -> None:
    held = Held()

    async def act(studio: Studio) -> str:
        task = await occupied(studio, held)
        task.cancel()
        await settled()
        held.let.set()
        found = await studio.do(1, lambda _: "next", caller="a")
        assert task.cancelled()
        return found

    assert with_studio(act) == "next"
    assert held.was_wanted == [False]


def test_an_error_reaches_its_caller_and_nobody_else() -> None:
    def fail(_: Wanted) -> str:
        raise ValueError("out of tune")

    async def act(studio: Studio) -> list[str | BaseException]:
        tasks = [
            studio.do(1, lambda _: "before", caller="a"),
            studio.do(1, fail, caller="a"),
            studio.do(1, lambda _: "after", caller="b"),
        ]
        return await asyncio.gather(*tasks, return_exceptions=True)

    before, error, after = with_studio(act)
    assert (before, after) == ("before", "after")
    assert isinstance(error, ValueError)
    assert str(error) == "out of tune"


def test_closing_waits_for_what_was_taken_and_takes_no_more() -> None:
    done: list[str] = []

    async def act() -> None:
        studio, held = Studio(Generation()), Held()
        first = await occupied(studio, held)
        (second,) = await queued(studio.do(5, lambda _: done.append("second"), caller="a"))
        closing = asyncio.create_task(studio.close())
        await settled()
        with pytest.raises(Unavailable) as caught:
            await studio.do(1, lambda _: done.append("third"), caller="a")
        assert int(caught.value.headers["Retry-After"]) >= 1
        assert not closing.done()
        held.let.set()
        await asyncio.gather(first, second)
        await closing

    asyncio.run(asyncio.wait_for(act(), WAIT_S))
    assert done == ["second"]


def test_an_idle_studio_closes_at_once() -> None:
    async def act() -> None:
        await Studio(Generation()).close()

    asyncio.run(asyncio.wait_for(act(), WAIT_S))


@pytest.mark.skipif(sys.platform != "linux", reason="threads have priorities of their own on Linux")
def test_the_thread_stands_back_behind_the_process() -> None:
    def niceness(_: Wanted) -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    async def act(studio: Studio) -> int:
        return await studio.do(1, niceness, caller=None)

    before = os.getpriority(os.PRIO_PROCESS, 0)
    assert with_studio(act) == min(19, before + NICENESS)
    assert os.getpriority(os.PRIO_PROCESS, 0) == before
