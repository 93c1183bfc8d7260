"""`GET /stream`: live audio over WebSocket, and what ends it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bentoml
import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from rebracket.config import settings
from rebracket.gateway import caller
from rebracket.gateway.live import session as sessions
from rebracket.gateway.live import socket as sockets
from rebracket.gateway.live.session import Host, Session
from rebracket.messages import (
    EVENT,
    Event,
    Ready,
    StreamFailed,
    Summary,
    WindowRead,
)
from rebracket.schemas import Prediction
from tests.live_audio import music, wav

RATE = 16_000
START = {"type": "start", "encoding": "pcm_s16le", "sample_rate": RATE, "window_s": 1}
END = json.dumps({"type": "end"})


def host() -> Host:
    """What the streams of the worker in this process share."""
    found: Host = bentoml.get_current_service().worker.live
    return found


class Live:
    """One connection."""

    def __init__(self, socket: WebSocketTestSession) -> None:
        self.socket = socket

    def say(self, **message: Any) -> None:
        self.socket.send_text(json.dumps(message))

    def event(self) -> Event:
        return EVENT.validate_json(self.socket.receive_text())

    def failure(self) -> StreamFailed:
        """The error that ends it, whatever comes before; the connection is closed with its code."""
        while not isinstance(event := self.event(), StreamFailed):
            pass
        with pytest.raises(WebSocketDisconnect) as closed:
            self.socket.receive_text()
        assert closed.value.code == event.code
        return event


@contextmanager
def live(client: TestClient, **start: Any) -> Iterator[Live]:
    """A stream that is ready."""
    with client.websocket_connect("/stream") as socket:
        opened = Live(socket)
        opened.say(**{**START, **start})
        assert isinstance(opened.event(), Ready)
        yield opened


def test_windows_are_answered_as_predict_answers_them(client: TestClient) -> None:
    frames = music(RATE, 2, 2.4)
    with client.websocket_connect("/stream") as socket:
        opened = Live(socket)
        opened.say(**START, channels=2, text="The chorus before its verse.")
        ready = opened.event()
        assert isinstance(ready, Ready)
        assert (ready.window_samples, ready.hop_samples) == (RATE, 31 * 256)
        data = frames.tobytes()
        for at in range(0, len(data), 1001):
            socket.send_bytes(data[at : at + 1001])
        socket.send_text(END)
        windows = []
        while isinstance(event := opened.event(), WindowRead):
            windows.append(event)
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_text()
        assert closed.value.code == 1000
    assert isinstance(event, Summary)
    assert (event.windows, event.samples, event.read_to) == (len(windows), len(frames), len(frames))
    assert sum(event.by_type.values()) == len(windows)
    for window in windows:
        cut = wav(frames[window.start_sample : window.end_sample], RATE)
        files = {"audio": cut, "segment": b'{"text": "The chorus before its verse."}'}
        answer = Prediction.model_validate_json(client.post("/predict", files=files).content)
        assert window.prediction is not None
        assert window.prediction.probabilities == pytest.approx(answer.probabilities, abs=1e-4)
        assert window.prediction.model == answer.model


def test_a_stream_goes_on_from_a_sample_with_its_numbers(client: TestClient) -> None:
    frames = music(RATE, 1, 4.0)
    whole, rest = [], []
    with live(client) as stream:
        stream.socket.send_bytes(frames.tobytes())
        stream.socket.send_text(END)
        while isinstance(event := stream.event(), WindowRead):
            whole.append(event)
    from_sample = whole[2].start_sample - 10
    with live(client, from_sample=from_sample) as stream:
        stream.socket.send_bytes(frames[from_sample:].tobytes())
        stream.socket.send_text(END)
        while isinstance(event := stream.event(), WindowRead):
            rest.append(event)
    assert [(w.seq, w.start_sample, w.end_sample) for w in rest] == [
        (w.seq, w.start_sample, w.end_sample) for w in whole[2:]
    ]


BAD_STARTS: list[tuple[dict[str, Any], list[str]]] = [
    ({"sample_rate": 7999}, ["start", "sample_rate"]),
    ({"sample_rate": "fast"}, ["start", "sample_rate"]),
    ({"encoding": "mp3"}, ["start", "encoding"]),
    ({"channels": 3}, ["start", "channels"]),
    ({"window_s": 31}, ["start", "window_s"]),
    ({"overlap": 0.96}, ["start", "overlap"]),
    ({"from_sample": -1}, ["start", "from_sample"]),
    ({"text": "a" * 10_001}, ["start", "text"]),
    ({"text": "\u200b"}, ["text"]),
    ({"mood": "blue"}, ["start", "mood"]),
    ({"type": "sart"}, []),
]


@pytest.mark.parametrize(("changed", "loc"), BAD_STARTS)
def test_a_start_that_is_not_valid_is_refused_by_the_field(
    client: TestClient, changed: dict[str, Any], loc: list[str]
) -> None:
    with client.websocket_connect("/stream") as socket:
        opened = Live(socket)
        opened.say(**{**START, **changed})
        failure = opened.failure()
    assert (failure.code, failure.error) == (1008, "invalid-request")
    assert failure.errors is not None
    assert failure.errors[0].loc == loc


@pytest.mark.parametrize("text", ["", "{", "[]", '{"type": 5}', "\u0000", "[" * 100_000])
def test_control_that_is_not_json_is_refused(client: TestClient, text: str) -> None:
    with live(client) as stream:
        stream.socket.send_text(text)
        failure = stream.failure()
    assert (failure.code, failure.error, failure.from_sample) == (1008, "invalid-request", 0)


def test_audio_before_the_start_is_out_of_turn(client: TestClient) -> None:
    with client.websocket_connect("/stream") as socket:
        socket.send_bytes(b"\0\0")
        failure = Live(socket).failure()
    assert (failure.code, failure.error) == (1008, "out-of-turn")
    assert "start" in failure.detail


def test_another_rate_needs_another_stream(client: TestClient) -> None:
    with live(client) as stream:
        stream.say(**{**START, "sample_rate": 48_000})
        failure = stream.failure()
    assert (failure.code, failure.error) == (1008, "out-of-turn")
    assert "another rate" in failure.detail


def test_next_to_empty_frames_without_end_are_refused(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "FRAMES_AT_ONCE", 50)
    monkeypatch.setattr(sockets, "FRAMES_A_SECOND", 0)
    with live(client) as stream:
        for _ in range(60):
            stream.socket.send_bytes(b"a")
        failure = stream.failure()
    assert (failure.code, failure.error) == (1008, "too-many-frames")


def test_a_stream_of_odd_bytes_ends_with_what_is_whole(client: TestClient) -> None:
    with live(client) as stream:
        stream.socket.send_bytes(music(RATE, 1, 4.0)[: RATE // 2].tobytes() + b"\1")
        stream.socket.send_text(END)
        window, summary = stream.event(), stream.event()
    assert isinstance(window, WindowRead)
    assert isinstance(summary, Summary)
    assert (window.final, window.end_sample, summary.samples) == (True, RATE // 2, RATE // 2)


def test_nothing_sent_is_an_empty_stream(client: TestClient) -> None:
    with live(client) as stream:
        stream.socket.send_text(END)
        summary = stream.event()
    assert isinstance(summary, Summary)
    assert (summary.windows, summary.mean_intensity) == (0, None)


def test_a_revoked_key_ends_its_streams(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "KEY_EVERY_S", 0.01)
    with live(client) as stream:
        monkeypatch.setattr(caller, "is_valid", lambda: False)
        failure = stream.failure()
    assert (failure.code, failure.error) == (1008, "unauthorized")


def test_a_client_that_sends_nothing_is_not_waited_for(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient = settings().deployment.streaming.model_copy(update={"idle_s": 0.2})
    monkeypatch.setattr(host(), "settings", impatient)
    with live(client) as stream:
        failure = stream.failure()
    assert (failure.code, failure.error) == (1008, "request-timeout")
    assert "0.2 s" in failure.detail


def test_a_fault_of_ours_is_1011_without_its_words(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("a path and a secret")

    with live(client) as stream:
        monkeypatch.setattr(Session, "_hear", fail)
        stream.socket.send_bytes(b"\0\0")
        failure = stream.failure()
    assert (failure.code, failure.error) == (1011, "internal-error")
    assert "secret" not in failure.detail


def denied(client: TestClient, **options: Any) -> Any:
    with pytest.raises(WebSocketDenialResponse) as caught, client.websocket_connect(**options):
        pass
    return caught.value


@pytest.mark.parametrize("key", ["", "rb_wrong"])
def test_without_a_valid_key_there_is_no_connection(client: TestClient, key: str) -> None:
    answer = denied(client, url="/stream", headers={"X-API-Key": key})
    assert answer.status_code == 401
    assert answer.json()["status"] == 401


def test_pages_of_other_origins_may_not_connect(client: TestClient) -> None:
    answer = denied(client, url="/stream", headers={"Origin": "https://elsewhere.example"})
    assert answer.status_code == 403
    with client.websocket_connect("/stream", headers={"Origin": "http://testserver"}) as socket:
        socket.send_text(END)
        assert Live(socket).failure().error == "out-of-turn"


def test_a_full_worker_says_so_before_the_connection(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with live(client) as stream:
        monkeypatch.setattr(host().seats, "_limit", 0)
        answer = denied(client, url="/stream")
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
        stream.socket.send_text(END)
        assert isinstance(stream.event(), Summary)
