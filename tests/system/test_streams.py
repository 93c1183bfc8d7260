"""Live streams on real workers: what ends them, and what is left of them."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from http.client import HTTPConnection
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from rebracket.gateway.key_store import KeyStore
from rebracket.messages import EVENT, Event, Ready, StreamFailed, Summary, WindowRead
from rebracket.registry import ExportedModel
from tests.live_audio import music
from tests.system.conftest import Server, serving

RATE = 16_000
START = {"type": "start", "encoding": "pcm_s16le", "sample_rate": RATE, "window_s": 1}
END = json.dumps({"type": "end"})
PATIENCE_S = 60


@pytest.fixture(scope="module")
def live(exported: ExportedModel, api_key: str) -> Iterator[Server]:
    """Two workers that don't wait for long."""
    assert exported.version
    assert api_key
    with serving("rebracket.cli", "serve", WORKERS="2", STREAMING__STALL_S="1") as server:
        yield server


@pytest.fixture
def held() -> Iterator[ExitStack]:
    """Closes what a test has opened."""
    with ExitStack() as stack:
        yield stack


def connected(
    held: ExitStack, server: Server, headers: dict[str, str], **options: Any
) -> ClientConnection:
    url = server.url.replace("http", "ws") + "/stream"
    opening = connect(url, additional_headers=headers, compression=None, close_timeout=1, **options)
    socket: ClientConnection = held.enter_context(opening)
    return socket


def open_stream(
    held: ExitStack, server: Server, headers: dict[str, str], **start: Any
) -> ClientConnection:
    """A stream that is ready."""
    socket = connected(held, server, headers)
    socket.send(json.dumps({**START, **start}))
    assert isinstance(event(socket), Ready)
    return socket


def event(socket: ClientConnection) -> Event:
    return EVENT.validate_json(socket.recv(timeout=PATIENCE_S))


def failure(socket: ClientConnection) -> StreamFailed:
    """The error that ends a stream, whatever comes before; it is closed with the same code."""
    while not isinstance(found := event(socket), StreamFailed):
        pass
    with pytest.raises(ConnectionClosed):
        socket.recv(timeout=PATIENCE_S)
    assert socket.close_code == found.code
    return found


def rest(socket: ClientConnection) -> list[WindowRead]:
    socket.send(END)
    windows = []
    while isinstance(found := event(socket), WindowRead):
        windows.append(found)
    assert isinstance(found, Summary)
    return windows


def worker_of(server: Server, socket: ClientConnection) -> int:
    """The process at the other end."""
    port = socket.local_address[1]
    for worker in server.workers():
        for found in worker.net_connections():
            if found.raddr and found.raddr.port == port:
                return int(worker.pid)
    raise AssertionError("no worker has this connection")


def test_a_stream_is_taken_up_again_after_its_worker_was_killed(
    held: ExitStack, live: Server, headers: dict[str, str]
) -> None:
    frames = music(RATE, 1, 6.0)
    whole = open_stream(held, live, headers)
    whole.send(frames.tobytes())
    expected = rest(whole)
    broken = open_stream(held, live, headers)
    broken.send(frames[: 3 * RATE].tobytes())
    answered = [event(broken), event(broken)]
    os.kill(worker_of(live, broken), signal.SIGKILL)
    with suppress(ConnectionClosed):
        while True:
            answered.append(event(broken))
    windows = [found for found in answered if isinstance(found, WindowRead)]
    from_sample = windows[-1].start_sample + 1
    again = open_stream(held, live, headers, from_sample=from_sample)
    again.send(frames[from_sample:].tobytes())
    windows += rest(again)
    assert [(w.seq, w.start_sample, w.end_sample) for w in windows] == [
        (w.seq, w.start_sample, w.end_sample) for w in expected
    ]
    for ours, theirs in zip(windows, expected, strict=True):
        assert ours.prediction is not None
        assert theirs.prediction is not None
        assert ours.prediction.probabilities == pytest.approx(
            theirs.prediction.probabilities, abs=1e-4
        )


def test_a_frame_of_ten_megabytes_is_refused_by_name(
    held: ExitStack, live: Server, headers: dict[str, str]
) -> None:
    socket = open_stream(held, live, headers)
    with suppress(ConnectionClosed):
        socket.send(json.dumps({"type": "text", "text": "a" * 10 * 2**20}))
    found = failure(socket)
    assert (found.code, found.error) == (1009, "payload-too-large")


def test_a_hundred_thousand_frames_of_a_byte_are_refused_by_name(
    held: ExitStack, live: Server, headers: dict[str, str]
) -> None:
    socket = open_stream(held, live, headers)

    def send() -> None:
        try:
            for _ in range(100_000):
                socket.send(b"a")
        except ConnectionClosed:
            pass

    sending = threading.Thread(target=send)
    sending.start()
    found = failure(socket)
    sending.join()
    assert (found.code, found.error) == (1008, "too-many-frames")


def send_for_ever(socket: ClientConnection, audio: bytes) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        socket.send(audio)


def test_a_client_that_does_not_read_is_dropped(
    held: ExitStack, live: Server, headers: dict[str, str]
) -> None:
    socket = connected(held, live, headers, max_queue=1)
    socket.send(json.dumps({**START, "overlap": 0.95}))
    audio = music(RATE, 1, 6.0).tobytes()
    with pytest.raises(ConnectionClosed):
        send_for_ever(socket, audio)


def test_a_revoked_key_ends_its_streams(held: ExitStack, live: Server, key_store: KeyStore) -> None:
    key = key_store.create("leaving", ("stream",))
    headers = {"X-API-Key": str(key.key)}
    socket = until_known(held, live, headers)
    key_store.revoke(key.record.id)
    found = failure(socket)
    assert (found.code, found.error) == (1008, "unauthorized")


def test_a_key_has_as_many_streams_as_it_may_over_all_workers(
    held: ExitStack, live: Server, key_store: KeyStore
) -> None:
    headers = {"X-API-Key": str(key_store.create("three", ("stream",), streams=3).key)}
    first, *_ = [
        until_known(held, live, headers),
        *(open_stream(held, live, headers) for _ in "ab"),
    ]
    for _ in range(6):
        with pytest.raises(InvalidStatus) as refused:
            open_stream(held, live, headers)
        assert refused.value.response.status_code == 429
        assert refused.value.response.headers["retry-after"]
    assert rest(first) == []
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            open_stream(held, live, headers)
            break
        except InvalidStatus:
            assert time.monotonic() < end


def until_known(held: ExitStack, server: Server, headers: dict[str, str]) -> ClientConnection:
    """Workers read new keys within moments."""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            return open_stream(held, server, headers)
        except InvalidStatus:
            assert time.monotonic() < end


def chunk(data: bytes) -> bytes:
    """One of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def test_a_body_is_answered_while_it_is_being_sent(live: Server, headers: dict[str, str]) -> None:
    frames = music(RATE, 1, 3.0)
    query = f"encoding=pcm_s16le&sample_rate={RATE}&window_s=1"
    connection = HTTPConnection("127.0.0.1", live.port, timeout=PATIENCE_S)
    connection.putrequest("POST", f"/stream?{query}")
    for name, value in {**headers, "Transfer-Encoding": "chunked"}.items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(chunk(frames[: 2 * RATE].tobytes()))
    answer = connection.sock.makefile("rb")
    assert answer.readline().startswith(b"HTTP/1.1 200")
    while not answer.readline().startswith(b'{"type":"window"'):
        pass
    connection.send(chunk(frames[2 * RATE :].tobytes()) + chunk(b""))
    *_, summary, _ = iter(answer.readline, b"0\r\n")
    assert b'"type":"summary"' in summary
    connection.close()


def test_a_worker_that_ends_says_so(
    held: ExitStack, exported: ExportedModel, headers: dict[str, str]
) -> None:
    assert exported.version
    with serving("rebracket.cli", "serve") as server:
        socket = open_stream(held, server, headers)
        socket.send(music(RATE, 1, 2.0).tobytes())
        assert isinstance(event(socket), WindowRead)
        server.process.terminate()
        found = failure(socket)
        assert (found.code, found.error) == (1012, "draining")
        assert found.from_sample is not None
        assert server.process.wait(30) is not None
