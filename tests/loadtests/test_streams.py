"""Load tests of streams send what they say, when they say, and know which answer belongs to what."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from math import isnan
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from loadtests.streams.figures import count, figures, growth, percentiles
from loadtests.streams.pieces import piece
from loadtests.streams.plan import LEAD_S, Plan
from loadtests.streams.player import Address, Clock, Player
from loadtests.streams.record import WELL, Ended, Heard, Record
from loadtests.streams.search import highest
from tests.scripted_server import PREDICTION

PLAN = Plan(streams=2, seconds=3, window_s=1, overlap=0.5, rate=8000)
Answers = Callable[[ServerConnection, int], Awaitable[None]]


class Fast(Clock):
    """Runs twenty times as fast as time does."""

    SPEED = 20

    def now(self) -> float:
        return perf_counter() * self.SPEED

    async def until(self, at: float) -> None:
        await asyncio.sleep(max(0.0, at - self.now()) / self.SPEED)


CLOCK = Fast()


def window(seq: int, **changes: Any) -> str:
    start = seq * PLAN.hop
    answer = {
        "type": "window",
        "seq": seq,
        "start_sample": start,
        "end_sample": start + PLAN.window,
    }
    rest = {"final": False, "prediction": PREDICTION, "lag_ms": 1.0}
    return json.dumps(answer | rest | changes)


def summary(windows: int) -> str:
    nothing = {"silent_windows": 0, "by_type": {}, "mean_intensity": None}
    return json.dumps({"type": "summary", "windows": windows, "samples": 0, "read_to": 0} | nothing)


def ready() -> str:
    sizes = {"window_samples": PLAN.window, "hop_samples": PLAN.hop}
    return json.dumps({"type": "ready", "session_id": "s"} | sizes)


class Listener:
    """Keeps what came, and answers each full window as it is told to."""

    def __init__(self, answer: Answers) -> None:
        self.answer = answer
        self.opening: dict[str, Any] = {}
        self.key = ""
        self.sound = b""

    async def __call__(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.key = socket.request.headers["X-API-Key"]
        self.opening = json.loads(await socket.recv())
        await socket.send(ready())
        windows = 0
        async for message in socket:
            if isinstance(message, str):
                assert json.loads(message) == {"type": "end"}
                await socket.send(summary(windows))
                return
            self.sound += message
            while len(self.sound) // 2 >= windows * PLAN.hop + PLAN.window:
                await self.answer(socket, windows)
                windows += 1


async def at_once(socket: ServerConnection, seq: int) -> None:
    await socket.send(window(seq))


@asynccontextmanager
async def listening(
    handler: Callable[[ServerConnection], Awaitable[None]], **options: Any
) -> AsyncIterator[Address]:
    async with serve(handler, "127.0.0.1", 0, compression=None, **options) as server:
        port = server.sockets[0].getsockname()[1]
        yield Address(f"ws://127.0.0.1:{port}/stream", {"X-API-Key": "rb_key"})


def played(
    handler: Callable[[ServerConnection], Awaitable[None]], number: int = 0, **options: Any
) -> Record:
    async def play() -> Record:
        async with listening(handler, **options) as address:
            frames = piece(number, PLAN.rate, PLAN.frame)
            return await Player(PLAN, number, frames, CLOCK.now(), CLOCK).play(address)

    return asyncio.run(play())


def test_a_stream_says_who_and_what_it_is_and_sends_all_of_its_piece() -> None:
    listener = Listener(at_once)
    record = played(listener)
    assert record.ended.code == WELL
    assert listener.key == "rb_key"
    assert listener.opening["encoding"] == "pcm_s16le"
    assert listener.opening["sample_rate"] == PLAN.rate
    assert (listener.opening["window_s"], listener.opening["overlap"]) == (1.0, 0.5)
    assert len(record.handed) == PLAN.frames
    assert len(listener.sound) == 2 * PLAN.frames * PLAN.frame
    repeated = b"".join(piece(0, PLAN.rate, PLAN.frame))
    assert (repeated * 2).startswith(listener.sound)


def test_every_window_is_heard_once_and_in_order() -> None:
    record = played(Listener(at_once))
    assert [heard.seq for heard in record.heard] == list(range(PLAN.full_windows(PLAN.frames)))
    assert count(PLAN, [record]).exact


def test_a_lag_begins_with_the_frame_that_holds_the_last_sample() -> None:
    record = played(Listener(at_once))
    for heard in record.heard:
        index = PLAN.frame_of(heard.end)
        assert index * PLAN.frame < heard.end <= (index + 1) * PLAN.frame
        assert heard.handed == record.handed[index]
        assert heard.arrived >= heard.handed


def test_what_a_server_takes_is_lag() -> None:
    taken_s = 0.1

    async def slowly(socket: ServerConnection, seq: int) -> None:
        if seq == 2:
            await asyncio.sleep(taken_s)
        await socket.send(window(seq))

    record = played(Listener(slowly))
    assert record.heard[2].lag_ms >= taken_s * 1000 * Fast.SPEED
    assert count(PLAN, [record]).exact


def test_frames_are_handed_over_when_due_while_sending_is_held_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    send = ClientConnection.send

    async def held_up(self: ClientConnection, message: str | bytes) -> None:
        if isinstance(message, bytes):
            await asyncio.Event().wait()
        await send(self, message)

    async def hanging_up(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(ready())
        await CLOCK.until(CLOCK.now() + LEAD_S + PLAN.due_s(PLAN.frames) + Fast.SPEED)

    monkeypatch.setattr(ClientConnection, "send", held_up)
    assert len(played(hanging_up).handed) == PLAN.frames


def test_no_frame_is_sent_before_it_has_sounded() -> None:
    record = played(Listener(at_once), number=1)
    begins = PLAN.begins_s(1)
    for index, handed in enumerate(record.handed):
        assert handed >= begins + PLAN.due_s(index) - 1e-6
    assert min(record.late) >= -1e-6


def test_parts_of_windows_are_no_windows() -> None:
    async def flushing(socket: ServerConnection, seq: int) -> None:
        await socket.send(window(seq, partial=True))
        await socket.send(window(seq))
        await socket.send(window(seq, final=True))

    assert count(PLAN, [played(Listener(flushing))]).exact


def test_a_refused_handshake_is_known_by_its_status_and_time_to_come_again() -> None:
    def refuse(_: ServerConnection, __: Request) -> Response:
        return Response(503, "Service Unavailable", Headers({"Retry-After": "7"}), b"")

    record = played(Listener(at_once), process_request=refuse)
    assert record.ended == Ended(503, "handshake", 7)
    assert record.ended.turned_away
    assert not record.handed


def test_a_stream_that_is_shed_says_why_and_counts_as_turned_away() -> None:
    async def shedding(socket: ServerConnection, seq: int) -> None:
        if seq < 1:
            await socket.send(window(seq))
            return
        why = {"error": "overloaded", "detail": "too slow", "retry_after_s": 3}
        await socket.send(json.dumps({"type": "error", "code": 1013} | why))
        await socket.close(1013)

    record = played(Listener(shedding))
    assert record.ended == Ended(1013, "overloaded", 3)
    found = figures(PLAN, [record])
    assert found.refused == {"1013 overloaded (Retry-After 3)": 1}
    assert not found.failed
    assert not found.well


def test_a_stream_that_breaks_off_has_failed() -> None:
    async def breaking(socket: ServerConnection, _: int) -> None:
        socket.transport.abort()

    record = played(Listener(breaking))
    assert record.ended.code == 0
    assert sum(figures(PLAN, [record]).failed.values()) == 1


def test_an_end_without_a_summary_is_none() -> None:
    async def leaving(socket: ServerConnection) -> None:
        await socket.recv()

    assert played(leaving).ended == Ended(0, "no summary")


def test_a_server_that_is_not_there_is_a_failure() -> None:
    frames = piece(0, PLAN.rate, PLAN.frame)
    player = Player(PLAN, 0, frames, CLOCK.now(), CLOCK)
    record = asyncio.run(player.play(Address("ws://127.0.0.1:9/stream")))
    assert record.ended.code == 0
    assert not record.ended.turned_away


def heard(seq: int, *, lag_ms: float = 10.0, at: float = 0.0) -> Heard:
    start = seq * PLAN.hop
    return Heard(seq, start, start + PLAN.window, at, at + lag_ms / 1000, 1.0)


def record_of(*windows: Heard, frames: int | None = None) -> Record:
    record = Record(0, heard=list(windows), ended=Ended(WELL))
    record.handed.extend([0.0] * (PLAN.frames if frames is None else frames))
    record.late.extend([0.001] * len(record.handed))
    return record


def test_windows_that_never_came_are_missing_and_those_that_came_twice_repeated() -> None:
    frames = (PLAN.window + 2 * PLAN.hop) // PLAN.frame
    found = count(PLAN, [record_of(heard(0), heard(2), heard(2), frames=frames)])
    assert (found.sent, found.answered, found.missing, found.repeated) == (3, 3, 1, 1)
    assert not found.exact


def test_windows_out_of_order_or_of_other_samples_are_misplaced() -> None:
    moved = replace(heard(2), start=5)
    frames = (PLAN.window + 2 * PLAN.hop) // PLAN.frame
    found = count(PLAN, [record_of(heard(1), heard(0), moved, frames=frames)])
    assert found.misplaced == 2
    assert not found.missing


def test_nothing_is_missed_of_those_who_were_turned_away() -> None:
    record = record_of()
    record.ended = Ended(1013)
    assert count(PLAN, [record]).exact


def test_the_warm_up_and_what_follows_the_end_are_not_counted() -> None:
    first, last = PLAN.settled_s, PLAN.settled_s + PLAN.seconds
    early, late = heard(0, lag_ms=900, at=first - 0.01), heard(3, lag_ms=900, at=last)
    found = figures(PLAN, [record_of(early, heard(1, at=first), heard(2, at=last - 0.01), late)])
    assert found.windows == 2
    assert found.worst == pytest.approx(10)


def test_a_late_generator_says_so() -> None:
    punctual, slow = record_of(), record_of()
    slow.late = type(slow.late)("d", [0.02] * len(slow.late))
    assert not figures(PLAN, [punctual]).late
    assert figures(PLAN, [slow]).late


def test_percentiles_lie_between_the_values() -> None:
    assert percentiles(list(range(101)), 50, 95, 100) == [50, 95, 100]
    assert percentiles([1.0, 2.0], 50) == [1.5]
    assert isnan(percentiles([], 95)[0])


def test_memory_grows_from_the_second_fifth_to_the_last() -> None:
    assert growth([50, 80, *[100] * 8, *[110] * 2]) == pytest.approx(0.1)
    assert growth([10, 10, *[100] * 8]) == 0
    assert growth([100]) == 0


@given(st.integers(4, 300), st.integers(1, 100))
def test_the_search_ends_within_four_of_the_limit_and_never_over_it(limit: int, first: int) -> None:
    tried: list[int] = []

    def holds(number: int) -> bool:
        tried.append(number)
        return number <= limit

    found = highest(holds, first=first)
    assert found <= limit < found + 4
    assert tried[0] == first
    assert len(set(tried)) == len(tried)


def test_the_search_finds_nothing_where_nothing_holds() -> None:
    assert highest(lambda _: False) == 0


@given(st.integers(1, 200), st.integers(0, 199))
def test_streams_begin_within_a_hop_and_sound_until_counting_ends(streams: int, last: int) -> None:
    plan = replace(PLAN, streams=streams)
    number = min(last, streams - 1)
    begins = plan.begins_s(number)
    assert LEAD_S <= begins < LEAD_S + plan.hop / plan.rate
    assert begins + plan.window / plan.rate <= plan.settled_s
    assert begins + plan.due_s(plan.frames) >= plan.settled_s + plan.seconds
    together = replace(plan, together=True)
    assert together.begins_s(number) == LEAD_S


@given(st.integers(0, 500))
def test_windows_are_full_when_their_last_frame_is_sent(seq: int) -> None:
    index = PLAN.frame_of(seq * PLAN.hop + PLAN.window)
    assert PLAN.full_windows(index) == seq
    assert PLAN.full_windows(index + 1) == seq + 1


def test_pieces_differ_and_are_loud() -> None:
    first, second = (b"".join(piece(number, 8000, 400)) for number in (0, 1))
    assert first != second
    assert len(first) == len(second) == 2 * 8 * 8000
    assert max(memoryview(first).cast("h")) > 3000
