"""What waits is bounded, what nobody waits for is dropped, and every answer finds its caller."""

import asyncio
import random
from collections.abc import Callable, Coroutine

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebracket.config import Batching
from rebracket.errors import Unavailable
from rebracket.inference.dispatcher import Dispatcher
from rebracket.inference.jobs import Reading, Request
from rebracket.inference.lanes import BatchLanes, ThreadLanes
from tests.inference.doubles import EchoEngine, HeldEngine, Made, mark_of, words

Make = Callable[[], ThreadLanes]
homes = pytest.mark.parametrize(
    "lanes",
    [lambda: ThreadLanes(2), lambda: BatchLanes(2, max_batch_size=8)],
    ids=["alone", "batches"],
)


def dispatcher(lanes: ThreadLanes, **limits: float) -> Dispatcher:
    return Dispatcher(lanes, Batching.model_validate(limits))


async def settle() -> None:
    """Let everything that can happen on the loop happen."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_a_batch_begins_with_what_takes_longest_so_that_lanes_end_together() -> None:
    async def batch() -> list[int]:
        engine = EchoEngine()
        made, work, request = Made(engine), dispatcher(ThreadLanes(1)), Request("batch")
        jobs = [made.job(request, length, length=length) for length in (5, 40, 3, 20)]
        work.submit(request, jobs)
        await asyncio.gather(*(job.answer for job in jobs))
        await work.close()
        return engine.read

    assert asyncio.run(batch()) == [40, 20, 5, 3]


@homes
def test_answers_never_cross_callers(lanes: Make) -> None:
    async def crowd() -> int:
        engine = EchoEngine(bad=frozenset(range(0, 3000, 97)))
        made, work = Made(engine), dispatcher(lanes(), max_queue=10**9)
        rng = random.Random(5)
        answered = 0

        async def ask(number: int) -> None:
            nonlocal answered
            request = Request(number % 7)
            marks = [number * 4 + k for k in range(rng.randint(1, 3))]
            jobs = [made.job(request, mark, length=rng.randint(2, 40)) for mark in marks]
            work.submit(request, jobs)
            if rng.random() < 0.2:
                await asyncio.sleep(rng.random() / 100)
                jobs[0].answer.cancel()
                work.drop(request, "abandoned")
                for job in jobs:
                    job.answer.cancel()
                return
            found = await asyncio.gather(*(j.answer for j in jobs), return_exceptions=True)
            for mark, reading in zip(marks, found, strict=True):
                if mark in engine.bad:
                    assert isinstance(reading, RuntimeError)
                else:
                    assert isinstance(reading, Reading)
                    assert mark_of(words(reading)) == mark
                answered += 1

        await asyncio.gather(*(ask(number) for number in range(2000)))
        await work.close()
        return answered

    assert asyncio.run(crowd()) > 2000


@given(st.lists(st.integers(1, 5), min_size=1, max_size=12))
@settings(max_examples=20)
def test_a_segment_s_windows_come_back_as_one_answer(counts: list[int]) -> None:
    async def ask() -> list[float]:
        made, work = Made(EchoEngine()), dispatcher(ThreadLanes(2))
        request = Request("me")
        jobs = [made.job(request, *range(10, 10 + count)) for count in counts]
        work.submit(request, jobs)
        found = [mark_of(words(await job.answer)) for job in jobs]
        await work.close()
        return found

    wanted = [10 + (count - 1) / 2 for count in counts]
    assert asyncio.run(ask()) == pytest.approx(wanted, abs=1e-4)


@homes
def test_above_the_bound_callers_are_told_when_to_come_again(lanes: Make) -> None:
    async def overfill() -> Unavailable:
        engine = HeldEngine()
        made, work = Made(engine), dispatcher(lanes(), max_queue=100)
        held = [made.job(Request(0), mark, length=10) for mark in range(100)]
        work.submit(held[0].request, held)
        one = made.job(Request(1), 200)
        with pytest.raises(Unavailable) as refused:
            work.submit(one.request, [one])
        engine.release()
        await asyncio.gather(*(job.answer for job in held))
        work.submit(one.request, [one])
        await one.answer
        await work.close()
        return refused.value

    assert int(asyncio.run(overfill()).headers["Retry-After"]) >= 1


def test_a_batch_is_taken_whole_or_not_at_all_and_counts_like_single_requests() -> None:
    async def ask() -> list[int]:
        engine = HeldEngine()
        made, work = Made(engine), dispatcher(ThreadLanes(1), max_queue=100)
        first, second, third = Request("a"), Request("b"), Request("c")
        large = [made.job(first, mark, length=10) for mark in range(40)]
        work.submit(first, large)  # the queue was empty: nothing is too large for ever
        with pytest.raises(Unavailable):
            work.submit(second, [made.job(second, 100, length=10)])
        with pytest.raises(Unavailable):
            work.submit(third, [made.job(third, mark) for mark in range(200, 220)])
        engine.release()
        await asyncio.gather(*(job.answer for job in large))
        await work.close()
        return engine.read

    assert sorted(asyncio.run(ask())) == list(range(40))


def test_the_wait_that_is_told_follows_from_the_measured_rate() -> None:
    async def ask() -> int:
        made, work = Made(EchoEngine()), dispatcher(ThreadLanes(1))
        for mark in range(50):
            job = made.job(Request("a"), mark, length=100)
            work.submit(job.request, [job])
            await job.answer
        work._pace.rate = 250.0  # tokens a second
        await work.close()
        return int(work.overloaded(1000).headers["Retry-After"])

    assert asyncio.run(ask()) == 4


def test_dropped_work_is_not_computed() -> None:
    async def ask() -> list[int]:
        engine = HeldEngine()
        made, work = Made(engine), dispatcher(ThreadLanes(1))
        gone, stays = Request("gone"), Request("stays")
        lost = [made.job(gone, mark) for mark in range(100)]
        work.submit(gone, lost)
        kept = made.job(stays, 500)
        work.submit(stays, [kept])
        for job in lost:
            job.answer.cancel()
        work.drop(gone, "abandoned")
        engine.release()
        await kept.answer
        await work.close()
        return engine.read

    assert len(asyncio.run(ask())) <= 2  # what a thread had begun, and what was asked for


def test_an_idle_lane_does_not_wait_for_a_batch_to_fill() -> None:
    async def ask() -> list[list[int]]:
        engine = EchoEngine()
        made, work = Made(engine), dispatcher(BatchLanes(1, max_batch_size=32))
        job = made.job(Request("me"), 1)
        work.submit(job.request, [job])
        await job.answer
        await work.close()
        return engine.runs

    assert asyncio.run(ask()) == [[1]]


def test_a_large_batch_does_not_hold_up_a_lone_request() -> None:
    async def ask() -> int:
        engine = HeldEngine()
        made, work = Made(engine), dispatcher(ThreadLanes(1))
        crowd = Request("me")
        jobs = [made.job(crowd, mark) for mark in range(200)]
        work.submit(crowd, jobs)
        lone = made.job(Request("me"), 999)
        work.submit(lone.request, [lone])
        engine.release()
        await asyncio.gather(lone.answer, *(job.answer for job in jobs))
        await work.close()
        return engine.read.index(999)

    assert asyncio.run(ask()) < 5


def test_closing_finishes_what_was_taken_and_takes_no_more() -> None:
    async def ask() -> list[int]:
        engine = EchoEngine()
        made, work = Made(engine), dispatcher(ThreadLanes(2))
        request = Request("me")
        jobs = [made.job(request, mark) for mark in range(30)]
        work.submit(request, jobs)
        await work.close()
        with pytest.raises(Unavailable):
            work.submit(request, [made.job(request, 99)])
        await settle()
        assert all(job.answer.done() for job in jobs)
        return engine.read

    asked: Coroutine[object, object, list[int]] = ask()
    assert sorted(asyncio.run(asked)) == list(range(30))
