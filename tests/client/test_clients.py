"""Both clients against a real server that answers well, badly, late, or not at all."""

import asyncio
import json
import subprocess
import sys

import pytest
from pydantic import ValidationError

from rebracket.client import AsyncClient, Client
from rebracket.errors import (
    Busy,
    InputRefused,
    KeyRefused,
    Refused,
    TimedOut,
    Unreachable,
    UnreadableAnswer,
)
from rebracket.gateway.form import Form
from rebracket.gateway.multipart import assembled
from rebracket.schemas import ItemError, Prediction, Segment
from tests.client.conftest import Call
from tests.redis_server import free_port
from tests.scripted_server import (
    PREDICTION,
    Asked,
    Scripted,
    die_half_way,
    drip,
    hang,
    problem,
    says,
    well,
)

NOTE = Segment(text="A door inside a drawer.")
REF = PREDICTION["model"]
HEALTH = {"status": "ok", "ready": True, "models": [REF], "uptime_s": 1.5, "version": "0.1.0"}


def test_a_segment_is_read(call: Call, server: Scripted) -> None:
    prediction = call("predict", Segment(text="a", lyrics="b", segment_id="s"))
    assert prediction == Prediction.model_validate(PREDICTION)
    (asked,) = server.asked
    assert (asked.path, asked.headers["authorization"]) == ("/predict", "Bearer rb_key")
    assert asked.body == {"text": "a", "lyrics": "b", "segment_id": "s"}


def parts(asked: Asked) -> dict[str, bytes]:
    """What was asked, as the service reads it."""
    kind, _, boundary = asked.headers["content-type"].partition("; boundary=")
    assert kind == "multipart/form-data"
    with Form(boundary.encode(), {}).reading() as form:
        form.feed(asked.body)
        return form.contents()


def test_music_is_sent_in_parts_as_it_is(call: Call, server: Scripted) -> None:
    segment = Segment(text="a", midi=b"MThd\xff", audio=b"fLaC\x00", windows=True)
    assert call("predict", segment).type == "memory"
    (asked,) = server.asked
    sent = parts(asked)
    assert json.loads(sent.pop("segment")) == {"text": "a", "windows": True}
    assert sent == {"midi": b"MThd\xff", "audio": b"fLaC\x00"}
    assert assembled(parts(asked)) == segment


def test_music_alone_is_sent_in_parts(call: Call, server: Scripted) -> None:
    call("predict", Segment(midi=b"MThd"))
    assert assembled(parts(server.asked[0])) == Segment(midi=b"MThd")


@pytest.mark.usefixtures("waits")
def test_parts_are_sent_again_whole(call: Call, server: Scripted) -> None:
    server.will(problem(503, Retry_After="1"), die_half_way)
    segment = Segment(audio=bytes(200_000))
    assert call("predict", segment).type == "memory"
    assert [assembled(parts(asked)) for asked in server.asked] == [segment] * 3


def test_a_batch_holds_music_as_base64(call: Call, server: Scripted) -> None:
    call("predict_batch", [NOTE, Segment(midi=b"MThd")])
    (asked,) = server.asked
    assert asked.body == {"segments": [{"text": NOTE.text}, {"midi": "TVRoZA=="}]}


def test_a_batch_keeps_errors_in_their_places(call: Call, server: Scripted) -> None:
    error = {"type": "t", "title": "t", "status": 422, "detail": "d", "errors": []}
    server.will(says(200, {"predictions": [PREDICTION, {"index": 1, "error": error}], "errors": 1}))
    first, second = call("predict_batch", [NOTE, NOTE]).predictions
    assert isinstance(first, Prediction)
    assert isinstance(second, ItemError)


@pytest.mark.parametrize("count", [0, 257])
def test_a_batch_of_a_size_that_none_has_is_not_sent(
    call: Call, server: Scripted, count: int
) -> None:
    with pytest.raises(ValidationError):
        call("predict_batch", [NOTE] * count)
    assert server.asked == []


def test_models_and_health_are_told(call: Call, server: Scripted) -> None:
    details = {"weight": 1, "quantization": "int8", "labels": [], "created": "", "metrics": {}}
    server.will(says(200, {"models": [{**REF, **details, "card": "# Card"}]}), says(200, HEALTH))
    assert call("models").models[0].card == "# Card"
    assert call("health").ready


def test_a_service_that_is_not_ready_tells_its_health(call: Call, server: Scripted) -> None:
    server.will(says(503, {**HEALTH, "status": "starting", "ready": False}), problem(503))
    assert call("health").status == "starting"
    with pytest.raises(Busy):
        call("health")
    assert len(server.asked) == 2


def test_fields_of_a_newer_service_are_passed_over(call: Call, server: Scripted) -> None:
    newer = {**PREDICTION, "mood": "blue", "model": {**REF, "host": "a"}}
    server.will(says(200, {"predictions": [newer], "errors": 0, "cost": 1}))
    (item,) = call("predict_batch", [NOTE]).predictions
    assert item == Prediction.model_validate(PREDICTION)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, KeyRefused),
        (403, KeyRefused),
        (413, InputRefused),
        (422, InputRefused),
        (400, Refused),
        (404, Refused),
        (500, Refused),
        (504, Refused),
    ],
)
def test_an_error_answer_is_raised_at_once_with_its_problem(
    call: Call, server: Scripted, status: int, kind: type[Refused]
) -> None:
    field = {"loc": ["text"], "msg": "No readable words", "type": "no_readable_words"}
    server.will(problem(status, field, X_Request_ID="r-1"))
    with pytest.raises(Refused) as caught:
        call("predict", NOTE)
    error = caught.value
    assert type(error) is kind
    assert (error.status, error.title, error.detail) == (
        status,
        f"Title {status}",
        f"detail {status}",
    )
    assert (error.kind, error.errors) == (f"https://rebracket.dev/problems/{status}", [field])
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_service_is_asked_again_when_it_says(
    call: Call, server: Scripted, waits: list[float], status: int
) -> None:
    server.will(problem(status, Retry_After="3"), problem(status, Retry_After="2"))
    assert call("predict", NOTE).type == "memory"
    first, second = waits
    assert 3 <= first <= 3.25
    assert 2 <= second <= 2.5
    ids = {asked.headers["x-request-id"] for asked in server.asked}
    assert len(ids) == 1


def test_a_service_that_stays_busy_is_given_up(
    call: Call, server: Scripted, waits: list[float]
) -> None:
    server.will(*[problem(429, Retry_After="1")] * 9)
    with pytest.raises(Busy) as caught:
        call("predict", NOTE)
    assert caught.value.retry_after_s == 1
    assert (len(server.asked), len(waits)) == (4, 3)


def test_a_wait_beyond_the_total_time_is_not_waited(
    call: Call, server: Scripted, waits: list[float]
) -> None:
    server.will(problem(503, Retry_After="61"))
    with pytest.raises(Busy):
        call("predict", NOTE)
    assert waits == []


@pytest.mark.usefixtures("waits")
def test_an_answer_that_breaks_off_is_asked_for_again(call: Call, server: Scripted) -> None:
    server.will(die_half_way, well)
    assert call("predict", NOTE).type == "memory"
    server.will(*[die_half_way] * 4)
    with pytest.raises(Unreachable):
        call("predict", NOTE)
    assert len(server.asked) == 6


def test_nobody_there_is_unreachable(waits: list[float]) -> None:
    with Client(f"http://127.0.0.1:{free_port()}") as client, pytest.raises(Unreachable):
        client.predict(NOTE)
    assert len(waits) == 3


@pytest.mark.parametrize("behaviour", [hang, drip])
def test_an_answer_that_does_not_come_times_out_without_a_second_attempt(
    call: Call, server: Scripted, behaviour: Call
) -> None:
    server.will(behaviour)
    with pytest.raises(TimedOut):
        call("predict", NOTE, timeout_s=0.2)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [(200, b"<html>", UnreadableAnswer), (200, b"{}", UnreadableAnswer), (502, b"<html>", Refused)],
)
def test_what_is_not_this_api_is_told_apart(
    call: Call, server: Scripted, status: int, body: bytes, error: type[Exception]
) -> None:
    server.will(says(status, body, "text/html"))
    with pytest.raises(error):
        call("predict", NOTE)


def test_the_callers_request_id_is_sent_and_named_by_errors(server: Scripted) -> None:
    server.will(problem(422))
    with Client(server.url) as client, pytest.raises(InputRefused) as caught:
        client.predict(NOTE, request_id="take-7")
    assert caught.value.request_id == "take-7"


def test_connections_are_kept(server: Scripted) -> None:
    async def twice() -> None:
        async with AsyncClient(server.url) as client:
            await client.predict(NOTE)
            await client.predict(NOTE)

    with Client(server.url) as client:
        client.predict(NOTE)
        client.predict(NOTE)
    asyncio.run(twice())
    ports = [asked.port for asked in server.asked]
    assert ports[0] == ports[1] != ports[2] == ports[3]


def test_a_cancelled_call_ends(server: Scripted) -> None:
    async def cancel() -> None:
        async with AsyncClient(server.url) as client:
            task = asyncio.create_task(client.predict(NOTE))
            await asyncio.to_thread(server.arrived.wait)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    server.will(hang)
    asyncio.run(cancel())


def test_without_its_extra_the_client_says_which() -> None:
    code = "import sys; sys.modules['httpx2'] = None; import rebracket.client"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'rebracket[client]'" in run.stderr


def test_the_client_loads_nothing_of_the_server() -> None:
    code = "import sys, rebracket.client; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert "httpx2" in loaded
    assert not loaded & {"bentoml", "starlette", "onnxruntime", "numpy", "langchain_core"}
