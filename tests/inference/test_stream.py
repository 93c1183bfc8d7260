"""A stream's windows are read as if each had been sent alone, in order, and no faster than they can be."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebracket.config import Batching
from rebracket.errors import InvalidRequest, TooManyRequests, Unavailable
from rebracket.inference.engine import Scores
from rebracket.inference.lanes import ThreadLanes
from rebracket.inference.predictor import Predictor, Reader
from rebracket.inference.runner import Runner, admit_all, unobserved
from rebracket.inference.stream import UNREAD, Stream, Voice
from rebracket.messages import WindowRead
from rebracket.schemas import Prediction, Segment
from rebracket.segment.live.ear import Ear
from rebracket.segment.live.grid import Grid
from rebracket.segment.window import Window
from tests.live_audio import Frames, floats, music, wav

RATE = 22_050
TEXT = "A house with its street inside."
Script = Callable[[Stream], Coroutine[Any, Any, None]]


class Slow:
    """An engine that waits for leave."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        self.leave = threading.Event()
        self.runs = 0

    def run(self, window: Window) -> Scores:
        assert self.leave.wait(30)
        self.runs += 1
        scores: Scores = self.engine.run(window)
        return scores


@asynccontextmanager
async def runner(**limits: Any) -> Any:
    opened = Runner(ThreadLanes(2), Batching(**limits))
    yield opened
    await opened.close()


def stream(
    run: Runner, reader: Reader, *, channels: int = 1, first: int = 0, **voice: Any
) -> Stream:
    told = {"caller": "tests", "admit": admit_all, "observe": unobserved, **voice}
    return Stream(Ear(Grid.of(RATE, 1.0, 0.5), channels, first), Voice(run, reader, **told))


def answers(reader: Reader, script: Script, *, channels: int = 1) -> list[WindowRead]:
    """What a stream answers whose one side does as the script says."""

    async def both() -> list[WindowRead]:
        async with runner() as run:
            live = stream(run, reader, channels=channels)

            async def speak() -> None:
                await script(live)
                await live.end()

            speaking = asyncio.create_task(speak())
            found = [window async for window in live.answers()]
            await speaking
            live.close()
            return found

    return asyncio.run(both())


def sending(frames: Frames, *pieces: int) -> Script:
    async def script(live: Stream) -> None:
        at, turn = 0, 0
        while at < len(frames):
            size = pieces[turn % len(pieces)] if pieces else len(frames)
            await live.hear(floats(frames[at : at + size]))
            at, turn = at + size, turn + 1

    return script


def alone(predictor: Predictor, window: WindowRead, frames: Frames, text: str = "") -> Prediction:
    """The window's samples, and its words, sent as a segment."""
    cut = wav(frames[window.start_sample : window.end_sample], RATE)
    return predictor.predict(Segment(audio=cut, text=text or None))


def assert_same(window: WindowRead, expected: Prediction) -> None:
    assert window.prediction is not None
    assert window.prediction.modalities == expected.modalities
    assert window.prediction.probabilities == pytest.approx(expected.probabilities, abs=1e-4)
    assert window.prediction.intensity == pytest.approx(expected.intensity, abs=1e-4)


@pytest.mark.parametrize("channels", [1, 2])
def test_windows_are_answered_as_if_they_were_segments(predictor: Predictor, channels: int) -> None:
    frames = music(RATE, channels, 3.7)
    found = answers(predictor, sending(frames, 5000), channels=channels)
    assert [window.seq for window in found] == list(range(len(found)))
    assert [window.final for window in found] == [*[False] * (len(found) - 1), True]
    assert found[-1].end_sample == len(frames)
    for window in found:
        assert_same(window, alone(predictor, window, frames))


def without_times(windows: list[WindowRead]) -> Iterator[dict[str, Any]]:
    for window in windows:
        assert window.prediction is not None
        prediction = window.prediction.model_copy(update={"latency_ms": 0})
        yield window.model_copy(update={"lag_ms": 0, "prediction": prediction}).model_dump()


@settings(max_examples=8)
@given(pieces=st.lists(st.integers(1, 20_000), min_size=1, max_size=5))
def test_how_the_audio_is_cut_changes_no_answer(predictor: Predictor, pieces: list[int]) -> None:
    frames = music(RATE, 1, 2.6)
    whole = answers(predictor, sending(frames))
    cut = answers(predictor, sending(frames, *pieces))
    assert list(without_times(cut)) == list(without_times(whole))


def test_windows_that_end_after_words_were_said_are_read_with_them(predictor: Predictor) -> None:
    frames = music(RATE, 1, 3.0)

    async def script(live: Stream) -> None:
        await live.hear(floats(frames[:RATE]))
        live.say(TEXT)
        await live.hear(floats(frames[RATE : 2 * RATE + 1000]))
        live.say("")
        await live.hear(floats(frames[2 * RATE + 1000 :]))

    first, *middle, last = answers(predictor, script)
    assert_same(first, alone(predictor, first, frames))
    assert middle
    for window in middle:
        text = TEXT if window.end_sample <= 2 * RATE + 1000 else ""
        assert_same(window, alone(predictor, window, frames, text))
    assert_same(last, alone(predictor, last, frames))


def test_silence_is_not_computed_and_read_by_its_words_alone(predictor: Predictor) -> None:
    sound = Slow(predictor.engines["sound"])
    reader = replace(predictor, engines={**predictor.engines, "sound": sound})  # type: ignore[dict-item]

    async def script(live: Stream) -> None:
        quiet = np.zeros((2 * RATE, 1), dtype=np.float32)
        await live.hear(quiet)
        live.say(TEXT)
        await live.hear(quiet)

    found = answers(reader, script)
    assert all(window.silent for window in found)
    assert found[0].prediction is None
    assert_same(found[-1], predictor.predict(Segment(text=TEXT)))
    assert sound.runs == 0


def test_words_are_scored_once_and_paid_once(predictor: Predictor) -> None:
    paid: list[int] = []

    async def pay(work: int) -> None:
        paid.append(work)

    async def both() -> list[WindowRead]:
        async with runner() as run:
            live = stream(run, predictor, admit=pay)
            live.say(TEXT)
            await live.hear(floats(music(RATE, 1, 1.2)))
            await live.end()
            return [window async for window in live.answers()]

    windows = asyncio.run(both())
    words = predictor.encode(Segment(text=TEXT)).work
    frames = 1 + 16_000 // 256
    assert paid.count(words) == 1
    assert paid.count(frames) == sum(not window.final for window in windows)


@pytest.mark.parametrize(
    ("seconds", "ends"),
    [(0.2, []), (0.3, [0.3]), (1.0, [1.0]), (1.1, [1.0, 1.1])],
)
def test_what_no_window_held_is_read_if_it_makes_a_quarter_of_one(
    predictor: Predictor, seconds: float, ends: list[float]
) -> None:
    found = answers(predictor, sending(music(RATE, 1, 3.0)[: int(seconds * RATE)]))
    assert [window.end_sample for window in found] == [int(end * RATE) for end in ends]
    assert [window.final for window in found] == [end != 1.0 for end in ends]


def test_a_stream_taken_up_again_reads_no_end_twice(predictor: Predictor) -> None:
    frames = music(RATE, 1, 3.0)

    async def from_second(length: int) -> list[WindowRead]:
        async with runner() as run:
            live = stream(run, predictor, first=1)
            await live.hear(floats(frames[:length]))
            await live.end()
            return [window async for window in live.answers()]

    grid = Grid.of(RATE, 1.0, 0.5)
    overlap = grid.end(0) - grid.start(1)
    assert asyncio.run(from_second(overlap)) == []
    (window,) = asyncio.run(from_second(overlap + 1))
    assert (window.seq, window.final, window.end_sample) == (1, True, grid.end(0) + 1)


def test_a_flush_reads_the_window_under_way_which_comes_again(predictor: Predictor) -> None:
    frames = music(RATE, 1, 2.0)

    async def script(live: Stream) -> None:
        await live.flush()
        await live.hear(floats(frames[:10_000]))
        await live.flush()
        await live.hear(floats(frames[10_000:RATE]))

    nothing, early, whole = answers(predictor, script)
    assert (nothing.partial, nothing.prediction) == (True, None)
    assert (early.seq, early.partial, early.end_sample) == (0, True, 10_000)
    assert_same(early, alone(predictor, early, frames))
    assert (whole.seq, whole.partial, whole.end_sample) == (0, False, RATE)


def test_unreadable_words_are_refused_by_name(predictor: Predictor) -> None:
    async def script(live: Stream) -> None:
        with pytest.raises(InvalidRequest) as caught:
            live.say("\u200b")
        assert caught.value.errors[0]["loc"] == ["text"]

    assert answers(predictor, script) == []


def test_audio_waits_while_too_many_windows_do(predictor: Predictor) -> None:
    sound = Slow(predictor.engines["sound"])
    reader = replace(predictor, engines={**predictor.engines, "sound": sound})  # type: ignore[dict-item]
    frames = music(RATE, 1, 12.0)

    async def both() -> None:
        async with runner() as run:
            live = stream(run, reader)
            speaking = asyncio.create_task(sending(frames, RATE // 10)(live))
            answered = live.answers()
            first = asyncio.ensure_future(anext(answered))
            await asyncio.sleep(0.5)
            assert not speaking.done()
            held = live.heard_to
            assert held <= live._ear.grid.end(UNREAD + 2)
            await asyncio.sleep(0.1)
            assert live.heard_to == held
            sound.leave.set()
            assert (await first).seq == 0
            rest = asyncio.ensure_future(_all(answered))
            await speaking
            await live.end()
            assert [window.seq for window in await rest] == list(range(1, 24))

    asyncio.run(both())


async def _all(answered: Any) -> list[WindowRead]:
    return [window async for window in answered]


def test_what_could_not_be_read_is_said_and_where_to_go_on(predictor: Predictor) -> None:
    windows = 0

    async def pay(_: int) -> None:
        nonlocal windows
        windows += 1
        if windows > 2:
            raise TooManyRequests("used up", retry_after_s=3)

    async def both() -> None:
        async with runner() as run:
            live = stream(run, predictor, admit=pay)
            await live.hear(floats(music(RATE, 1, 2.2)))
            answered = live.answers()
            assert [(await anext(answered)).seq for _ in range(2)] == [0, 1]
            with pytest.raises(TooManyRequests):
                await anext(answered)
            assert live.resume_at == live._ear.grid.start(2)
            live.close()

    asyncio.run(both())


def test_a_window_that_waits_too_long_ends_the_stream(predictor: Predictor) -> None:
    sound = Slow(predictor.engines["sound"])
    reader = replace(predictor, engines={**predictor.engines, "sound": sound})  # type: ignore[dict-item]

    async def both() -> None:
        async with runner(max_latency_ms=50) as run:
            blocking = [stream(run, reader) for _ in range(4)]
            for live in blocking:
                await live.hear(floats(music(RATE, 1, 1.0)))
            late = stream(run, reader)
            await late.hear(floats(music(RATE, 1, 1.0)))
            with pytest.raises(Unavailable):
                await anext(late.answers())
            sound.leave.set()
            for live in [*blocking, late]:
                live.close()

    asyncio.run(both())
