"""A stream against a real server that breaks off: windows come as if nothing had happened, or the error does."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import aclosing
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from rebracket.client import AsyncClient, Retries, streaming
from rebracket.client.recording import FRAME, Recording
from rebracket.client.retries import Attempts
from rebracket.client.streaming import Heard
from rebracket.errors import (
    Busy,
    CallError,
    InputRefused,
    KeyRefused,
    Refused,
    TimedOut,
    Unreachable,
    UnreadableAnswer,
)
from rebracket.messages import Flush, NewWords, Ready, Summary, WindowRead
from tests.redis_server import free_port
from tests.stream_server import (
    HOP,
    WINDOW,
    Behaviour,
    StreamServer,
    Take,
    breaks,
    closes,
    dies,
    fails,
    ready,
    serving,
    silent,
    summary,
    window,
    windows,
)

Item = bytes | Flush | NewWords
AUDIO = random.Random(1).randbytes(2 * 1500)
"""1500 samples: six full windows, and half of one."""

FULL = [(number, number * HOP + WINDOW) for number in range(6)] + [(6, 1500)]
"""Numbers and ends of its windows."""

SOON = Retries(base_s=0.001)
PASSING = [
    dies,
    closes(1000),
    closes(1001),
    closes(1012),
    closes(1013),
    fails(1012, "draining", retry_after_s=0),
    fails(1013, "unavailable", from_sample=7),
    fails(1013, "too-many-requests"),
    fails(1013, "deadline-exceeded"),
]


async def said(items: Iterable[Item]) -> AsyncIterator[Item]:
    for item in items:
        yield item


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


async def hear(
    server: StreamServer, items: Iterable[Item] = (AUDIO,), **options: Any
) -> list[Heard]:
    """All that a stream hands on."""
    request_id = options.pop("request_id", None)
    reading = {
        name: options.pop(name) for name in ("text", "window_s", "overlap") if name in options
    }
    async with AsyncClient(server.url, "rb_key", **{"retries": SOON, **options}) as client:
        events = client.stream(
            said(items),
            encoding="pcm_s16le",
            sample_rate=8000,
            request_id=request_id,
            **reading,
        )
        async with aclosing(events):
            return [event async for event in events]


def hear_from(*behaviours: Behaviour, **options: Any) -> tuple[list[Heard], StreamServer]:
    """What a stream hands on that a server with a script answers."""

    async def run() -> tuple[list[Heard], StreamServer]:
        async with serving() as server:
            server.will(*behaviours)
            return await hear(server, **options), server

    return asyncio.run(run())


def read(events: Iterable[Heard]) -> list[WindowRead]:
    return [event for event in events if isinstance(event, WindowRead)]


def places(events: Iterable[Heard]) -> list[tuple[int, int]]:
    return [(event.seq, event.end_sample) for event in read(events)]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between attempts, which then take no time."""
    waits: list[float] = []
    original = Attempts.wait_s

    def note(attempts: Attempts, error: CallError) -> float:
        waits.append(original(attempts, error))
        return 0.0

    monkeypatch.setattr(Attempts, "wait_s", note)
    return waits


def test_a_stream_is_read_window_by_window() -> None:
    events, server = hear_from(text="a drawer", window_s=2, overlap=0.25, request_id="take-7")
    first, last = events[0], events[-1]
    assert first == Ready(session_id="take-7", window_samples=WINDOW, hop_samples=HOP)
    assert places(events) == FULL
    assert [event.final for event in read(events)] == [False] * 6 + [True]
    assert {event.prediction and event.prediction.segment_id for event in read(events)} == {
        "a drawer"
    }
    assert isinstance(last, Summary)
    assert last.model_dump(exclude={"mean_intensity"}) == {
        "type": "summary",
        "windows": 7,
        "silent_windows": 0,
        "by_type": {"memory": 7},
        "samples": 1500,
        "read_to": 1500,
    }
    assert last.mean_intensity == pytest.approx(0.7)
    (take,) = server.takes
    assert (take.path, take.headers["authorization"]) == ("/stream", "Bearer rb_key")
    assert take.headers["x-request-id"] == "take-7"
    assert take.start == {
        "type": "start",
        "encoding": "pcm_s16le",
        "sample_rate": 8000,
        "channels": 1,
        "window_s": 2,
        "overlap": 0.25,
        "text": "a drawer",
        "from_sample": 0,
    }
    assert bytes(take.audio) == AUDIO
    assert take.said == [(1500, {"type": "end"})]


@pytest.mark.parametrize("size", [1, 3, 64, len(AUDIO)])
def test_pieces_may_have_any_size(size: int) -> None:
    events, server = hear_from(items=cut(AUDIO, size))
    assert places(events) == FULL
    assert bytes(server.takes[0].audio) == AUDIO


def test_small_pieces_go_out_together() -> None:
    _, server = hear_from(items=cut(AUDIO, 1))
    assert len(server.takes[0].frames) < len(AUDIO) / 10


def test_a_large_piece_goes_out_in_frames() -> None:
    _, server = hear_from(items=[bytes(5 * FRAME + 2)])
    assert max(server.takes[0].frames) == FRAME
    assert len(server.takes[0].audio) == 5 * FRAME + 2


def test_a_stream_without_audio_has_a_summary() -> None:
    events, _ = hear_from(items=())
    assert [event.type for event in events] == ["ready", "summary"]
    assert hear_from(breaks(0, dies), items=())[0][1:] == events[1:]


@pytest.mark.parametrize("number", [0, 1, 4, 6, 7])
@pytest.mark.parametrize("end", PASSING)
def test_a_stream_that_breaks_off_goes_on_where_it_was(end: Any, number: int) -> None:
    expected, _ = hear_from(request_id="r")
    events, server = hear_from(breaks(number, end), request_id="r")
    assert [event.model_dump() for event in events] == [event.model_dump() for event in expected]
    begins = [take.start["from_sample"] for take in server.takes]
    assert begins == [0, max(0, number * HOP - 1)][: 1 if number == 7 else 2]
    for take in server.takes:
        sent = AUDIO[2 * take.start["from_sample"] :]
        assert sent.startswith(bytes(take.audio))
    assert server.takes[-1].at == 1500


def test_a_lost_summary_is_not_asked_for_again() -> None:
    events, server = hear_from(breaks(7, dies))
    assert len(server.takes) == 1
    assert isinstance(events[-1], Summary)
    assert events[-1].windows == 7


class Script:
    """Words, flushes and audio in an order that chance makes, and breaks before some windows."""

    def __init__(self, seed: int) -> None:
        chance = random.Random(seed)
        self.items: list[Item] = []
        for number, piece in enumerate(cut(AUDIO, chance.randint(50, 400))):
            self.items.append(piece)
            if chance.random() < 0.3:
                self.items.append(NewWords(text=f"words {number}" * chance.randint(0, 1)))
            if chance.random() < 0.3:
                self.items.append(Flush())
        numbers = sorted(chance.choices(range(7), k=chance.randint(1, 4)))
        self.behaviours = [breaks(number, chance.choice(PASSING)) for number in numbers]


@given(seed=st.integers(0, 2**32))
@settings(max_examples=25)
def test_words_and_flushes_are_replayed_where_they_were_said(seed: int) -> None:
    script = Script(seed)
    expected, whole = hear_from(items=script.items, request_id="r", text="first")
    patient = Retries(attempts=6, base_s=0.001)
    events, server = hear_from(
        *script.behaviours, items=script.items, request_id="r", text="first", retries=patient
    )
    assert [event.model_dump() for event in events] == [event.model_dump() for event in expected]
    assert len(server.takes) == len(script.behaviours) + 1
    texts = [message for message in whole.takes[0].said if message[1]["type"] == "text"]
    for take in server.takes:
        begin = take.start["from_sample"]
        before = [message["text"] for at, message in texts if at < begin]
        assert take.start["text"] == (before[-1] if before else "first")


def test_the_first_ready_only_is_handed_on() -> None:
    events, _ = hear_from(breaks(1, dies), breaks(2, dies))
    assert [event.type for event in events].count("ready") == 1


def test_handshakes_are_tried_again_after_what_is_asked(waits: list[float]) -> None:
    async def run() -> tuple[list[Heard], int]:
        async with serving() as server:
            server.will_refuse(503, Retry_After="7")
            server.will_refuse(429, Retry_After="3")
            return await hear(server), len(server.refused)

    events, refused = asyncio.run(run())
    assert (places(events), refused) == (FULL, 2)
    assert waits[0] >= 7 > waits[1] >= 3


def test_an_overloaded_service_is_asked_again_after_what_it_asks(waits: list[float]) -> None:
    events, _ = hear_from(breaks(2, fails(1013, "unavailable", retry_after_s=5)))
    assert places(events) == FULL
    assert [wait >= 5 for wait in waits] == [True]


def test_attempts_are_counted_anew_after_each_window() -> None:
    twice = Retries(attempts=2, base_s=0.001)
    events, server = hear_from(*[breaks(number, dies) for number in range(1, 7)], retries=twice)
    assert (places(events), len(server.takes)) == (FULL, 7)


def test_without_progress_attempts_run_out() -> None:
    with pytest.raises(Unreachable, match="connection lost"):
        hear_from(*[breaks(2, dies)] * 5)
    with pytest.raises(Busy) as caught:
        hear_from(*[breaks(2, dies)] * 3, breaks(2, fails(1012, "draining", retry_after_s=9)))
    assert (caught.value.status, caught.value.retry_after_s) == (503, 9)


def test_nobody_there_is_unreachable() -> None:
    nobody = StreamServer(url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(Unreachable, match="no connection"):
        asyncio.run(hear(nobody))


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, KeyRefused), (403, KeyRefused), (404, Refused), (422, InputRefused), (500, Refused)],
)
def test_a_refused_handshake_is_its_problem(status: int, kind: type[Refused]) -> None:
    async def run() -> int:
        async with serving() as server:
            server.will_refuse(status, X_Request_ID="r-2")
            with pytest.raises(kind, match=f"{status} Title {status}: detail {status}") as caught:
                await hear(server)
            assert (caught.value.status, caught.value.request_id) == (status, "r-2")
            return len(server.refused)

    assert asyncio.run(run()) == 1


FIELD = {"loc": ["text"], "msg": "No readable words", "type": "no_readable_words"}


@pytest.mark.parametrize(
    ("end", "kind", "status"),
    [
        (fails(1008, "invalid-request", errors=[FIELD]), InputRefused, 422),
        (fails(1008, "something-new", errors=[FIELD]), InputRefused, 422),
        (fails(1008, "unauthorized"), KeyRefused, 401),
        (fails(1008, "request-timeout"), Refused, 408),
        (fails(1008, "something-new"), Refused, 400),
        (fails(1009, "payload-too-large"), InputRefused, 413),
        (fails(1011, "internal-error"), Refused, 500),
        (closes(1008, "why"), Refused, 400),
        (closes(1009), InputRefused, 413),
        (closes(1011), Refused, 500),
    ],
)
def test_final_errors_end_the_stream(end: Any, kind: type[Refused], status: int) -> None:
    with pytest.raises(kind) as caught:
        hear_from(breaks(1, end), request_id="r-7")
    assert type(caught.value) is kind
    assert (caught.value.status, caught.value.request_id) == (status, "r-7")


def test_a_failed_stream_names_its_fields() -> None:
    with pytest.raises(InputRefused) as caught:
        hear_from(breaks(1, fails(1008, "invalid-request", errors=[FIELD])))
    assert list(caught.value.errors) == [FIELD]
    assert caught.value.kind == "https://rebracket.dev/problems/invalid-request"


def test_windows_before_an_error_are_handed_on() -> None:
    heard: list[Heard] = []

    async def listen() -> None:
        async with serving() as server, AsyncClient(server.url) as client:
            server.will(breaks(3, fails(1011, "internal-error")))
            async for event in client.stream(said([AUDIO]), encoding="pcm_s16le", sample_rate=8000):
                heard.append(event)  # noqa: PERF401 - the error comes in between

    with pytest.raises(Refused):
        asyncio.run(listen())
    assert places(heard) == FULL[:3]


def after_ready(*answers: Callable[[Any], Any]) -> Behaviour:
    """Says what it likes when enough audio came."""

    async def behave(_: StreamServer, socket: Any, take: Take) -> None:
        await ready(socket, take)
        while len(take.audio) < len(AUDIO):
            take.audio += await socket.recv()
        for answer in answers:
            await answer(socket)
        await socket.wait_closed()

    return behave


def says(text: str | bytes) -> Callable[[Any], Any]:
    return lambda socket: socket.send(text)


def answers(number: int, **members: Any) -> Callable[[Any], Any]:
    return lambda socket: window(socket, number, number * HOP + WINDOW, "", **members)


@pytest.mark.parametrize(
    "strange",
    [
        [answers(0), answers(2)],
        [answers(0, start_sample=5)],
        [answers(0), answers(1, start_sample=HOP + 5)],
        [answers(0, end_sample=1501)],
        [says("<html>")],
        [says(b"\x00")],
        [says('{"type": "song"}')],
        [says('{"type": "ready", "session_id": "r", "window_samples": 400, "hop_samples": 200}')],
        [says("x" * 70_000)],
        [lambda socket: summary(socket, 0, 1499, 0)],
    ],
)
def test_what_is_not_this_api_ends_the_stream(strange: list[Callable[[Any], Any]]) -> None:
    with pytest.raises(UnreadableAnswer):
        hear_from(after_ready(*strange))


@pytest.mark.parametrize(
    "lengths", [{"hop_samples": 0}, {"hop_samples": 401}, {"window_samples": 0, "hop_samples": 0}]
)
def test_windows_that_leave_gaps_are_not_this_api(lengths: dict[str, int]) -> None:
    async def behave(_: StreamServer, socket: Any, take: Take) -> None:
        await ready(socket, take, **lengths)
        await socket.wait_closed()

    with pytest.raises(UnreadableAnswer, match="windows have no length, or gaps"):
        hear_from(behave)


def test_windows_of_another_length_after_a_break_are_an_error() -> None:
    async def behave(_: StreamServer, socket: Any, take: Take) -> None:
        await ready(socket, take, hop_samples=HOP // 2)
        await socket.wait_closed()

    with pytest.raises(UnreadableAnswer, match="another length"):
        hear_from(breaks(2, dies), behave)


def test_a_repeated_window_is_dropped() -> None:
    async def behave(_: StreamServer, socket: Any, take: Take) -> None:
        async for number in windows(socket, take):
            if number == 2:
                await window(socket, 1, HOP + WINDOW, "again")

    events, _ = hear_from(behave)
    assert places(events) == FULL
    assert isinstance(events[-1], Summary)
    assert events[-1].windows == 7


def test_unknown_fields_are_passed_over() -> None:
    async def behave(_: StreamServer, socket: Any, take: Take) -> None:
        await ready(socket, take, colour="red")
        async for message in socket:
            if isinstance(message, bytes):
                take.audio += message
            elif "end" in message:
                break
        await window(socket, 0, 100, "", final=True, colour="red")
        await summary(socket, 1, 100, 100)

    events, _ = hear_from(behave, items=[AUDIO[:200]])
    assert places(events) == [(0, 100)]


def test_an_answer_that_does_not_come_times_out() -> None:
    with pytest.raises(TimedOut):
        hear_from(silent, timeout_s=0.1)


def test_a_source_that_pauses_is_waited_for() -> None:
    async def run() -> list[Heard]:
        async def audio() -> AsyncIterator[bytes]:
            yield AUDIO[:100]
            await asyncio.sleep(0.3)
            yield AUDIO[100:]

        async with serving() as server, AsyncClient(server.url, timeout_s=0.1) as client:
            events = client.stream(audio(), encoding="pcm_s16le", sample_rate=8000)
            return [event async for event in events]

    assert places(asyncio.run(run())) == FULL


@pytest.mark.parametrize("by", ["cancelling", "closing", "leaving"])
def test_who_stops_listening_closes_the_connection(by: str) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(200)
            await asyncio.sleep(0.001)

    async def listen(client: AsyncClient, heard: asyncio.Event) -> None:
        events = client.stream(endless(), encoding="pcm_s16le", sample_rate=8000)
        async with aclosing(events):
            async for event in events:
                heard.set()
                if by == "leaving" and isinstance(event, WindowRead):
                    break
                if by == "closing" and isinstance(event, WindowRead):
                    await events.aclose()

    async def run() -> None:
        async with serving() as server, AsyncClient(server.url) as client:
            heard = asyncio.Event()
            task = asyncio.create_task(listen(client, heard))
            await heard.wait()
            if by == "cancelling":
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await server.takes[0].closed.wait()
            assert len(asyncio.all_tasks()) - len(server_tasks()) == 1

    def server_tasks() -> list[asyncio.Task[Any]]:
        return [task for task in asyncio.all_tasks() if "websockets" in repr(task.get_coro())]

    asyncio.run(run())


def test_a_waiting_client_can_be_cancelled() -> None:
    async def run() -> None:
        async with serving() as server:
            server.will_refuse(503, Retry_After="50")
            task = asyncio.create_task(hear(server))
            await server.has_refused.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(run())


def test_what_the_source_raises_reaches_who_listens() -> None:
    class Unplugged(Exception):
        pass

    async def run() -> None:
        heard = asyncio.Event()

        async def audio() -> AsyncIterator[bytes]:
            yield AUDIO
            await heard.wait()
            raise Unplugged

        async with serving() as server, AsyncClient(server.url) as client:
            events = client.stream(audio(), encoding="pcm_s16le", sample_rate=8000)
            try:
                async for _ in events:
                    heard.set()
            finally:
                await server.takes[0].closed.wait()

    with pytest.raises(Unplugged):
        asyncio.run(run())


@pytest.mark.parametrize(
    "wrong", [{"sample_rate": 7999}, {"channels": 3}, {"window_s": 0.5}, {"overlap": 1}]
)
def test_wrong_arguments_are_refused_before_anything_is_sent(wrong: dict[str, Any]) -> None:
    client = AsyncClient("http://127.0.0.1:1")
    arguments = {"encoding": "pcm_s16le", "sample_rate": 8000, **wrong}
    with pytest.raises(ValidationError):
        client.stream(said([]), **arguments)


def test_no_more_than_the_room_is_kept_whoever_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    room = 2 * 1000  # an eighth of a second
    monkeypatch.setattr(streaming, "Recording", partial(Recording, keep_s=0.125))
    taken = pulled = 0

    async def audio() -> AsyncIterator[bytes]:
        nonlocal pulled
        for piece in cut(AUDIO * 5, 100):
            assert pulled - taken <= room + 100
            pulled += len(piece)
            yield piece

    async def run() -> list[Heard]:
        nonlocal taken
        events = []
        async with serving() as server, AsyncClient(server.url, retries=SOON) as client:
            server.will(breaks(4, dies), breaks(9, dies))
            async for event in client.stream(audio(), encoding="pcm_s16le", sample_rate=8000):
                events.append(event)
                if isinstance(event, WindowRead):
                    taken = 2 * (event.start_sample + HOP)
                await asyncio.sleep(0.002)
        return events

    events = asyncio.run(run())
    assert [seq for seq, _ in places(events)] == list(range(37))
    assert pulled == 5 * len(AUDIO)
