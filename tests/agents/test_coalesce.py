"""Calls that come together are read together, and each gets its own answer."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from rebracket.agents.backends import Outcome, Reading
from rebracket.agents.coalesce import TurnBatches, WindowBatches
from rebracket.errors import InvalidRequest
from rebracket.schemas import Segment
from tests.agents.doubles import ScriptedBackend, prediction

LONG_S = 600.0


def echo(segment: Segment) -> Outcome:
    """A reading whose request id is the segment's words."""
    return Reading(prediction(), request_id=segment.text or "")


def note(number: int) -> Segment:
    return Segment(text=f"note {number}")


def ids(outcomes: Sequence[Outcome]) -> list[str]:
    return [outcome.request_id for outcome in outcomes if isinstance(outcome, Reading)]


def test_coroutines_of_one_turn_make_one_batch() -> None:
    backend = ScriptedBackend(echo)
    batches = TurnBatches(backend.aread)

    async def run() -> list[Outcome]:
        return await asyncio.gather(*(batches.submit(note(i)) for i in range(10)))

    assert ids(asyncio.run(run())) == [f"note {i}" for i in range(10)]
    assert backend.sizes == [10]


def test_coroutines_that_take_a_turn_longer_each_are_waited_for() -> None:
    backend = ScriptedBackend(echo)
    batches = TurnBatches(backend.aread)

    async def late(turns: int) -> Outcome:
        for _ in range(turns):
            await asyncio.sleep(0)
        return await batches.submit(note(turns))

    async def run() -> list[Outcome]:
        return await asyncio.gather(*(late(i) for i in range(10)))

    assert len(ids(asyncio.run(run()))) == 10
    assert backend.sizes == [10]


def test_more_than_fit_are_split() -> None:
    backend = ScriptedBackend(echo)
    batches = TurnBatches(backend.aread)

    async def run() -> list[Outcome]:
        return await asyncio.gather(*(batches.submit(note(i)) for i in range(600)))

    assert ids(asyncio.run(run())) == [f"note {i}" for i in range(600)]
    assert backend.sizes == [256, 256, 88]


def test_loops_do_not_share_batches() -> None:
    backend = ScriptedBackend(echo)
    batches = TurnBatches(backend.aread)
    for number in range(2):
        assert ids([asyncio.run(batches.submit(note(number)))]) == [f"note {number}"]
    assert backend.sizes == [1, 1]


def test_an_error_in_one_place_is_one_callers() -> None:
    error = InvalidRequest([])
    backend = ScriptedBackend(lambda s: error if s.text == "note 1" else echo(s))
    batches = TurnBatches(backend.aread)

    async def run() -> list[Outcome]:
        return await asyncio.gather(*(batches.submit(note(i)) for i in range(3)))

    assert [outcome is error for outcome in asyncio.run(run())] == [False, True, False]


def test_what_a_back_end_raises_reaches_everybody() -> None:
    async def fail(_: Sequence[Segment]) -> list[Outcome]:
        raise RuntimeError("broken")

    async def run() -> list[Outcome | BaseException]:
        batches = TurnBatches(fail)
        calls = (batches.submit(note(i)) for i in range(3))
        return list(await asyncio.gather(*calls, return_exceptions=True))

    assert [type(outcome) for outcome in asyncio.run(run())] == [RuntimeError] * 3


def test_a_batch_that_nobody_waits_for_any_more_is_dropped() -> None:
    async def run() -> None:
        begun, ended = asyncio.Event(), asyncio.Event()

        async def read(_: Sequence[Segment]) -> list[Outcome]:
            begun.set()
            try:
                return await asyncio.Future()
            finally:
                ended.set()

        batches = TurnBatches(read)
        callers = [asyncio.create_task(batches.submit(note(i))) for i in range(2)]
        await begun.wait()
        callers[0].cancel()
        await asyncio.wait([callers[0]])
        assert not ended.is_set()
        callers[1].cancel()
        await ended.wait()

    asyncio.run(run())


def test_a_caller_that_left_before_the_batch_went_is_not_in_it() -> None:
    backend = ScriptedBackend(echo)

    async def run() -> Outcome:
        batches = TurnBatches(backend.aread)
        leaving = asyncio.create_task(batches.submit(note(0)))
        staying = asyncio.create_task(batches.submit(note(1)))
        await asyncio.sleep(0)
        leaving.cancel()
        return await staying

    assert ids([asyncio.run(run())]) == ["note 1"]
    assert backend.sizes == [1]


def test_threads_make_one_batch_which_goes_once_it_is_full() -> None:
    backend = ScriptedBackend(echo)
    batches = WindowBatches(backend.read, window_s=LONG_S, size=10)
    with ThreadPoolExecutor(10) as pool:
        outcomes = list(pool.map(batches.submit, map(note, range(10))))
    assert ids(outcomes) == [f"note {i}" for i in range(10)]
    assert backend.sizes == [10]


def test_more_threads_than_fit_are_split() -> None:
    backend = ScriptedBackend(echo)
    batches = WindowBatches(backend.read, window_s=LONG_S, size=5)
    with ThreadPoolExecutor(20) as pool:
        outcomes = list(pool.map(batches.submit, map(note, range(20))))
    assert ids(outcomes) == [f"note {i}" for i in range(20)]
    assert backend.sizes == [5] * 4


@pytest.mark.parametrize("window_s", [0, 0.001])
def test_a_thread_alone_waits_for_its_window_only(window_s: float) -> None:
    backend = ScriptedBackend(echo)
    batches = WindowBatches(backend.read, window_s=window_s)
    for number in range(2):
        assert ids([batches.submit(note(number))]) == [f"note {number}"]
    assert backend.sizes == [1, 1]


def test_what_a_back_end_raises_reaches_every_thread() -> None:
    def fail(_: Sequence[Segment]) -> list[Outcome]:
        raise RuntimeError("broken")

    batches = WindowBatches(fail, window_s=LONG_S, size=3)
    with ThreadPoolExecutor(3) as pool:
        futures = [pool.submit(batches.submit, note(i)) for i in range(3)]
    assert [type(future.exception()) for future in futures] == [RuntimeError] * 3
