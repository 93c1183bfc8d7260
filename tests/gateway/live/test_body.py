"""`POST /stream`: audio as a body, answered line by line."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import bentoml
import pytest
from starlette.testclient import TestClient
from starlette.types import Message

from rebracket.gateway.live import body
from rebracket.gateway.live.session import Host, Session
from rebracket.messages import EVENT, Event, Ready, StreamFailed, Summary, WindowRead
from rebracket.taxonomy import RebracketingType
from tests.gateway.asgi import connection
from tests.gateway.test_app import problem
from tests.live_audio import Frames, floats, music, wav
from tests.segment.audio_files import encode

RATE = 16_000
RAW: dict[str, Any] = {"encoding": "pcm_s16le", "sample_rate": RATE, "window_s": 1}


def lines(client: TestClient, body: Any, **query: Any) -> list[Event]:
    """What a body is answered with."""
    response = client.post("/stream", params=query, content=body)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/x-ndjson"
    return [EVENT.validate_json(line) for line in response.text.splitlines()]


def places(events: list[Event]) -> list[tuple[int, int, int, bool]]:
    found = [event for event in events if isinstance(event, WindowRead)]
    return [(w.seq, w.start_sample, w.end_sample, w.final) for w in found]


def readings(events: list[Event]) -> list[dict[RebracketingType, float]]:
    found = [event for event in events if isinstance(event, WindowRead)]
    return [window.prediction.probabilities for window in found if window.prediction]


def pieces(frames: Frames) -> Iterator[bytes]:
    data = frames.tobytes()
    for at in range(0, len(data), 12_345):
        yield data[at : at + 12_345]


def test_a_raw_body_is_answered_window_by_window(client: TestClient) -> None:
    frames = music(RATE, 1, 2.4)
    ready, *windows, summary = lines(client, pieces(frames), **RAW)
    assert isinstance(ready, Ready)
    assert isinstance(summary, Summary)
    assert (summary.windows, summary.samples) == (len(windows), len(frames))
    assert places(windows)[0] == (0, 0, RATE, False)
    assert places(windows)[-1][2:] == (len(frames), True)


@pytest.mark.parametrize("container", ["wav", "flac"])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_file_is_read_as_its_samples_are(
    client: TestClient, container: str, channels: int
) -> None:
    frames = music(RATE, channels, 2.4)
    body = wav(frames, RATE) if container == "wav" else encode(floats(frames), RATE, "flac-16")
    raw = lines(client, pieces(frames), **RAW, channels=channels)
    found = lines(client, iter([body[:10], body[10:5000], body[5000:]]), window_s=1)
    assert places(found) == places(raw)
    for ours, theirs in zip(readings(found), readings(raw), strict=True):
        assert ours == pytest.approx(theirs, abs=1e-6)


def test_a_client_that_asks_for_events_gets_events(client: TestClient) -> None:
    headers = {"accept": "text/event-stream"}
    frames = music(RATE, 1, 1.2)
    response = client.post("/stream", params=RAW, content=frames.tobytes(), headers=headers)
    assert response.headers["content-type"] == "text/event-stream"
    blocks = response.text.removesuffix("\n\n").split("\n\n")
    assert [block.split("\n")[0] for block in blocks] == [
        "event: ready",
        "event: window",
        "event: window",
        "event: summary",
    ]
    for block in blocks:
        kind, data = block.split("\n")
        assert json.loads(data.removeprefix("data: "))["type"] == kind.removeprefix("event: ")


@pytest.mark.parametrize(
    ("query", "loc"),
    [
        ({"encoding": "pcm_s16le"}, "sample_rate"),
        ({"sample_rate": RATE}, "encoding"),
        ({"channels": 2}, "encoding"),
        ({**RAW, "encoding": "mp3"}, "encoding"),
        ({**RAW, "sample_rate": 7999}, "sample_rate"),
        ({**RAW, "sample_rate": "1e9999"}, "sample_rate"),
        ({**RAW, "channels": 3}, "channels"),
        ({**RAW, "window_s": "nan"}, "window_s"),
        ({**RAW, "overlap": 1}, "overlap"),
        ({**RAW, "from_sample": -1}, "from_sample"),
        ({**RAW, "text": "a" * 1001}, "text"),
        ({**RAW, "mood": "blue"}, "mood"),
        ({**RAW, "window_s": [1, 2]}, "window_s"),
    ],
)
def test_a_query_that_is_not_valid_is_a_422_that_names_the_field(
    client: TestClient, query: dict[str, Any], loc: str
) -> None:
    answer = problem(client.post("/stream", params=query, content=b"\0\0"), 422)
    assert answer["errors"][0]["loc"] == ["query", loc]


@pytest.mark.parametrize("body", [b"", b"RI", b"ID3", b"fLaC" + bytes(100), b"OggS" + bytes(99)])
def test_a_body_that_is_no_audio_is_a_422(client: TestClient, body: bytes) -> None:
    answer = problem(client.post("/stream", content=body), 422)
    assert answer["errors"][0]["loc"] == ["audio"]


def test_a_compressed_body_is_a_415(client: TestClient) -> None:
    headers = {"content-encoding": "gzip"}
    problem(client.post("/stream", params=RAW, content=b"\0\0", headers=headers), 415)


def test_unreadable_words_are_a_422(client: TestClient) -> None:
    response = client.post("/stream", params={**RAW, "text": "\u200b"}, content=b"\0\0")
    assert problem(response, 422)["errors"][0]["loc"] == ["text"]


def test_what_goes_wrong_after_the_answer_began_is_its_last_line(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    hear, heard = Session._hear, []

    async def fail(session: Session, samples: Any) -> None:
        heard.append(samples)
        if len(heard) > 3:
            raise RuntimeError("a path and a secret")
        await hear(session, samples)

    monkeypatch.setattr(Session, "_hear", fail)
    *_, last = lines(client, pieces(music(RATE, 1, 4.0)), **RAW)
    assert isinstance(last, StreamFailed)
    assert (last.code, last.error) == (1011, "internal-error")
    assert last.from_sample is not None
    assert "secret" not in last.detail


def test_a_body_that_does_not_go_on_is_not_waited_for(client: TestClient) -> None:
    assert client.get("/livez").status_code == 200
    host: Host = bentoml.get_current_service().worker.live
    impatient = replace(host, settings=host.settings.model_copy(update={"idle_s": 0.1}))
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {**connection("/stream"), "query_string": urlencode(RAW).encode()}
    asyncio.run(body.serve(scope, receive, send, impatient))
    assert sent[0]["status"] == 408


def test_a_full_worker_is_a_503(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    host: Host = bentoml.get_current_service().worker.live
    monkeypatch.setattr(host.seats, "_taken", 1e9)
    response = client.post("/stream", params=RAW, content=b"\0\0")
    problem(response, 503)
    assert response.headers["retry-after"]


def test_get_says_that_a_socket_or_a_body_is_wanted(client: TestClient) -> None:
    response = client.get("/stream")
    problem(response, 405)
    assert response.headers["allow"] == "POST"
