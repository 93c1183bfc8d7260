"""MIDI and audio over HTTP, in both homes of the runner: as parts, as base64, in batches, by the clients."""

from base64 import b64encode

import httpx2
import pytest

from rebracket.client import Client
from rebracket.inference.predictor import Predictor
from rebracket.schemas import Segment
from tests.music_files import audio, midi
from tests.system.conftest import Server, both_homes

WORDS = "The chorus before its verse."
FLAC, TUNE = audio(10), midi()


home = both_homes()


def base64(data: bytes) -> str:
    return b64encode(data).decode()


def test_parts_and_base64_are_answered_as_the_library_answers(
    home: Server, predictor: Predictor
) -> None:
    alone = predictor.predict(Segment(text=WORDS, midi=TUNE, audio=FLAC))
    json = {"text": WORDS, "midi": base64(TUNE), "audio": base64(FLAC), "windows": True}
    files: dict[str, tuple[str | None, bytes | str, str]] = {
        "segment": (None, Segment(text=WORDS, windows=True).model_dump_json(), "application/json"),
        "midi": ("tune.mid", TUNE, "audio/midi"),
        "audio": ("take.flac", FLAC, "audio/flac"),
    }
    for answer in (
        httpx2.post(f"{home.url}/predict", json=json, timeout=60),
        httpx2.post(f"{home.url}/predict", files=files, timeout=60),
    ):
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert body["modalities"] == ["text", "midi", "audio"]
        assert body["windows"] == {"text": 1, "midi": 1, "audio": 2}
        assert body["type"] == alone.type
        assert body["probabilities"] == pytest.approx(alone.probabilities, abs=1e-3)
        assert body["intensity"] == pytest.approx(alone.intensity, abs=1e-3)


def test_in_a_batch_a_file_that_is_no_music_fails_alone(home: Server) -> None:
    segments = [{"midi": base64(TUNE)}, {"audio": base64(b"no sound")}, {"audio": base64(FLAC)}]
    body = httpx2.post(f"{home.url}/predict_batch", json={"segments": segments}, timeout=60).json()
    assert body["errors"] == 1
    assert [item.get("modalities") for item in body["predictions"]] == [["midi"], None, ["audio"]]
    error = body["predictions"][1]["error"]
    assert (error["status"], error["errors"][0]["loc"]) == (422, ["segments", 1, "audio"])


def test_too_long_a_sound_is_a_413_that_names_the_field(home: Server) -> None:
    files = {"audio": ("long.flac", audio(601, rate=8000), "audio/flac")}
    answer = httpx2.post(f"{home.url}/predict", files=files, timeout=60)
    assert answer.status_code == 413
    assert "audio" in answer.json()["detail"]


def test_the_client_sends_music(home: Server) -> None:
    with Client(base_url=home.url, api_key="rb_none") as client:
        assert client.predict(Segment(audio=FLAC)).modalities == ["audio"]
        found = client.predict_batch([Segment(midi=TUNE), Segment(text=WORDS)])
    assert found.errors == 0
