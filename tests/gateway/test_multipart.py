"""`/predict` with music, in parts and in JSON: up to the segment that is to be read."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from tempfile import SpooledTemporaryFile
from threading import Event
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect, Request
from starlette.testclient import TestClient
from starlette.types import Message

from rebracket.binary import encode
from rebracket.errors import InvalidRequest, PayloadTooLarge
from rebracket.gateway import form as form_module
from rebracket.gateway.multipart import read_segment
from rebracket.inference.runner import Runner
from rebracket.registry import ExportedModel
from rebracket.schemas import MAX_MIDI, Prediction, Segment
from tests.gateway.test_app import JSON, problem
from tests.gateway.test_form import body_of, cut, part
from tests.gateway.test_provoked import factory, serving
from tests.scripted_server import PREDICTION

PARTS = {"content-type": "multipart/form-data; boundary=bb"}
MIDI = b"MThd\x00\x00\x00\x06\xff\x80"
AUDIO = b"fLaC\x00\r\n--b\xfe"
WORDS = b'{"text": "a door", "segment_id": "s", "windows": true}'
MIB = 2**20


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Segment]:
    """The segments that came as far as the runner."""
    seen: list[Segment] = []

    async def note(_: Runner, __: object, segment: Segment, **___: object) -> Prediction:
        seen.append(segment)
        return Prediction.model_validate(PREDICTION)

    monkeypatch.setattr(Runner, "predict", note)
    return seen


@pytest.fixture
def spools(monkeypatch: pytest.MonkeyPatch) -> list[SpooledTemporaryFile[bytes]]:
    """The files that parts were kept in."""
    made: list[SpooledTemporaryFile[bytes]] = []

    def spooled(max_size: int) -> SpooledTemporaryFile[bytes]:
        file = SpooledTemporaryFile[bytes](max_size)
        made.append(file)
        return file

    monkeypatch.setattr(form_module, "SpooledTemporaryFile", spooled)
    return made


def errors(client: TestClient, body: bytes, headers: dict[str, str] = PARTS) -> list[Any]:
    """Where, and what, the only thing wrong with a body is."""
    answer = problem(client.post("/predict", content=body, headers=headers), 422)
    (error,) = answer["errors"]
    return [error["loc"], error["type"]]


def test_words_and_music_in_parts_are_one_segment(client: TestClient, read: list[Segment]) -> None:
    body = body_of([("audio", AUDIO), ("segment", WORDS), ("midi", MIDI)])
    assert client.post("/predict", content=body, headers=PARTS).status_code == 200
    whole = Segment(text="a door", segment_id="s", windows=True, midi=MIDI, audio=AUDIO)
    assert read == [whole]


def test_the_same_segment_in_json_is_read_alike(client: TestClient, read: list[Segment]) -> None:
    fields = {**json.loads(WORDS), "midi": encode(MIDI), "audio": encode(AUDIO)}
    assert client.post("/predict", json=fields).status_code == 200
    inside = json.dumps({**fields, "audio": None}).encode()
    sent = [("segment", ("s.json", inside)), ("audio", ("a.flac", AUDIO))]
    assert client.post("/predict", files=sent).status_code == 200
    assert read[0] == read[1]


@pytest.mark.parametrize("name", ["midi", "audio"])
def test_music_may_come_alone(client: TestClient, read: list[Segment], name: str) -> None:
    client.post("/predict", files={name: ("tune", MIDI)})
    client.post("/predict", json={name: encode(MIDI)})
    assert read == [Segment.model_validate({name: MIDI})] * 2


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        ([], [[], "empty_segment"]),
        ([("segment", b"{}")], [["segment"], "empty_segment"]),
        ([("segment", b"")], [["segment"], "json_invalid"]),
        ([("segment", b'{"text": "\xff"}'), ("midi", MIDI)], [["segment"], "json_invalid"]),
        ([("segment", b"[" * 300), ("midi", MIDI)], [["segment"], "json_invalid"]),
        ([("segment", b"9" * 5000), ("midi", MIDI)], [["segment"], "json_invalid"]),
        ([("segment", b'["a"]'), ("midi", MIDI)], [["segment"], "model_type"]),
        ([("segment", b'{"text": 5}'), ("midi", MIDI)], [["segment", "text"], "string_type"]),
        ([("segment", b'{"mood": ""}'), ("midi", MIDI)], [["segment", "mood"], "extra_forbidden"]),
        (
            [("segment", b'{"audio": "-"}'), ("midi", b"a")],
            [["segment", "audio"], "base64_url_safe"],
        ),
        ([("segment", b'{"midi": "TVRo"}'), ("midi", MIDI)], [["midi"], "part_repeated"]),
        ([("segment", WORDS), ("segment", WORDS)], [["segment"], "part_repeated"]),
        ([("audio", AUDIO), ("audio", AUDIO)], [["audio"], "part_repeated"]),
        ([("segment", WORDS), ("lyrics", b"la")], [["lyrics"], "part_unknown"]),
        ([("segment", WORDS), ("midi", b"")], [["midi"], "binary_empty"]),
        ([("midi", bytes(MAX_MIDI + 1))], [["midi"], "binary_too_long"]),
    ],
    ids=range(16),
)
def test_a_mistake_in_a_part_is_a_422_that_names_it(
    client: TestClient, parts: Sequence[tuple[str, bytes]], error: list[Any]
) -> None:
    assert errors(client, body_of(parts)) == error


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
        "multipart/form-data; boundary=" + "b" * 71,
        'multipart/form-data; boundary="b\tb"',
        "multipart/form-data; charset=utf-8",
    ],
)
def test_a_boundary_that_is_none_is_a_422(client: TestClient, kind: str) -> None:
    body = body_of([("midi", MIDI)])
    assert errors(client, body, {"content-type": kind}) == [[], "multipart_boundary"]


@pytest.mark.parametrize("charset", ["undefined", "utf-16", "idna", "rot13", "no such"])
def test_a_charset_of_the_whole_changes_nothing(
    client: TestClient, read: list[Segment], charset: str
) -> None:
    kind = f"multipart/form-data; charset={charset}; boundary=bb"
    client.post("/predict", content=body_of([("midi", MIDI)]), headers={"content-type": kind})
    assert read == [Segment(midi=MIDI)]


def test_a_body_that_breaks_off_names_the_part_that_it_broke_off_in(client: TestClient) -> None:
    assert errors(client, part("audio", AUDIO)) == [["audio"], "multipart_truncated"]
    assert errors(client, b"") == [[], "multipart_truncated"]


def test_a_batch_is_json_only(client: TestClient) -> None:
    body = body_of([("segment", WORDS)])
    answer = problem(client.post("/predict_batch", content=body, headers=PARTS), 415)
    assert answer["detail"] == "Send the body as application/json"
    answer = problem(client.post("/predict", content=b"a", headers={"content-type": "a/b"}), 415)
    assert answer["detail"] == "Send the body as application/json or multipart/form-data"


def test_an_item_whose_base64_is_none_is_named(client: TestClient) -> None:
    body = {"segments": [{"text": "a"}, {"midi": "a-_b"}]}
    answer = problem(client.post("/predict_batch", json=body), 422)
    assert answer["errors"][0]["loc"] == ["segments", 1, "midi"]


def test_an_error_never_repeats_what_was_sent(client: TestClient) -> None:
    bodies = [
        body_of([("segment", b'{"midi": "sesame"}'), ("midi", b"sesame")]),
        body_of([("segment", b'{"text": ["sesame"]}'), ("audio", b"sesame")]),
        part("midi", b"sesame"),
        b"--bb\r\nsesame\x01: sesame",
    ]
    for body in bodies:
        assert "sesame" not in client.post("/predict", content=body, headers=PARTS).text
    for value in ("sesame", "sesame-_"):
        assert "sesame" not in client.post("/predict", json={"audio": value}).text


def test_bodies_in_parts_have_limits_of_their_own(
    exported: ExportedModel, read: list[Segment], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert exported.version
    limits = {"max_json_bytes": MIB, "max_multipart_bytes": 4 * MIB}

    def chunks(size: int) -> Iterator[bytes]:
        whole = body_of([("audio", bytes(size))])
        yield from (whole[start : start + MIB] for start in range(0, len(whole), MIB))

    with serving(factory(monkeypatch, api=limits)) as client:
        fits = client.post("/predict", content=chunks(3 * MIB), headers=PARTS)
        assert fits.status_code == 200
        for content in (chunks(4 * MIB), body_of([("audio", bytes(4 * MIB))])):
            answer = problem(client.post("/predict", content=content, headers=PARTS), 413)
            assert answer["detail"] == f"The body may hold {4 * MIB} bytes at most"
        long = body_of([("segment", b" " * (MIB + 1)), ("midi", MIDI)])
        answer = problem(client.post("/predict", content=long, headers=PARTS), 413)
        assert answer["detail"] == f"The part segment may hold {MIB} bytes at most"
        problem(client.post("/predict", content=b" " * (MIB + 1), headers=JSON), 413)
    assert [segment.audio for segment in read] == [bytes(3 * MIB)]


def request(messages: list[Message], starved: asyncio.Event | None = None) -> Request:
    """A request whose body comes in these messages; after them nothing ever comes."""

    async def receive() -> Message:
        if not messages:
            if starved is not None:
                starved.set()
            await asyncio.Event().wait()
        return messages.pop(0)

    raw = [(name.encode(), value.encode()) for name, value in PARTS.items()]
    return Request({"type": "http", "headers": raw}, receive)


def body_message(body: bytes, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


LONG = part("audio", bytes(form_module.SPOOL_BYTES + 1))


@pytest.mark.parametrize(
    ("last", "error"),
    [
        ({"type": "http.disconnect"}, ClientDisconnect),
        (body_message(b"--bb\r\n: ", more=False), InvalidRequest),
        (body_message(b"", more=False), InvalidRequest),
        (body_message(part("segment", b"{" * 99)), PayloadTooLarge),
    ],
)
def test_what_is_on_disk_goes_whatever_ends_the_body(
    spools: list[SpooledTemporaryFile[bytes]], last: Message, error: type[Exception]
) -> None:
    with pytest.raises(error):
        asyncio.run(read_segment(request([body_message(LONG), last]), max_json_bytes=9))
    assert spools
    assert all(file.closed for file in spools)


def test_what_is_on_disk_goes_with_a_request_that_is_given_up(
    spools: list[SpooledTemporaryFile[bytes]],
) -> None:
    async def give_up() -> None:
        starved = asyncio.Event()
        asked = request([body_message(LONG)], starved)
        reading = asyncio.create_task(read_segment(asked, max_json_bytes=9))
        await starved.wait()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading

    asyncio.run(give_up())
    assert [file.closed for file in spools] == [True]


def test_a_write_that_is_given_up_ends_before_its_file_is_closed(
    spools: list[SpooledTemporaryFile[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = Event(), Event()
    closed: list[bool] = []
    feed = form_module.Form.feed

    def slowly(form: form_module.Form, chunk: bytes) -> None:
        if form.on_disk:
            begun.set()
            go_on.wait()
            closed.append(spools[0].closed)
        feed(form, chunk)

    async def give_up() -> None:
        messages = [body_message(LONG), body_message(b"--bb--")]
        reading = asyncio.create_task(read_segment(request(messages), max_json_bytes=9))
        await asyncio.to_thread(begun.wait)
        reading.cancel()
        asyncio.get_running_loop().call_later(0.02, go_on.set)
        with pytest.raises(asyncio.CancelledError):
            await reading

    monkeypatch.setattr(form_module.Form, "feed", slowly)
    asyncio.run(give_up())
    assert closed == [False]
    assert spools[0].closed


VALID = body_of([("segment", WORDS), ("midi", MIDI), ("audio", AUDIO)])
places = st.integers(0, len(VALID))
pieces = st.sampled_from([b"\r\n", b"--bb", b"--", b'"', b";", b"\0", b"{", b": ", b"name="])


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    body = VALID
    for _ in range(draw(st.integers(1, 4))):
        start, end = sorted((draw(places), draw(places)))
        new = draw(pieces | st.binary(max_size=6) | st.just(VALID[start:end]))
        keep = draw(st.booleans())
        body = body[:start] + new + (body[start:] if keep else body[min(end, start + 9) :])
    return body


@settings(max_examples=500)
@given(mutated(), st.lists(st.integers(0, 10_000), max_size=4))
def test_a_mutated_body_is_a_segment_or_refused(body: bytes, ends: list[int]) -> None:
    chunks = [body_message(chunk) for chunk in cut(body, ends)]
    messages = [*chunks, body_message(b"", more=False)]
    with suppress(InvalidRequest, PayloadTooLarge):
        segment = asyncio.run(read_segment(request(messages), max_json_bytes=99))
        assert segment.midi or segment.audio or segment.text


@settings(max_examples=300)
@given(mutated())
def test_a_mutated_body_is_no_fault_of_ours(client: TestClient, body: bytes) -> None:
    answer = client.post("/predict", content=body, headers=PARTS)
    assert answer.status_code == 200 or answer.status_code // 100 == 4
