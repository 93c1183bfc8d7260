"""Segments on request over HTTP, in both homes of the runner; by the client, and by the tool."""

from base64 import b64decode, b64encode
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from rebracket.agents import RebracketingGeneratorTool
from rebracket.client import Client
from rebracket.conditioning import Conditioning
from rebracket.segment.audio import read_audio
from rebracket.segment.midi import read_midi
from rebracket.taxonomy import RebracketingType
from tests.music_files import midi
from tests.system.conftest import Server, both_homes

SHORT = {"bars": 2, "candidates": 2, "seed": 7}


home = both_homes(GENERATION__MAX_QUEUE="4000")


def ask(home: Server, **asked: object) -> httpx2.Response:
    return httpx2.post(f"{home.url}/generate", json=asked, timeout=60)


def test_everything_asked_for_is_returned_and_read_as_predict_reads_it(home: Server) -> None:
    answer = ask(home, type="spatial", **SHORT, **{"return": ["midi", "audio", "text", "tokens"]})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    notes = read_midi(b64decode(found["segment"]["midi"]))
    assert notes.length == 8.0
    sound = read_audio(b64decode(found["segment"]["audio"]))
    assert sound.samples.shape[1] / sound.rate == pytest.approx(8 * 0.6, abs=0.5)
    assert found["tokens"][0] == "Bar"
    assert found["tokens"].count("Bar") == 2
    assert found["segment"]["text"].count("[") == found["segment"]["text"].count("]") >= 2
    segment = {**found["segment"], "audio": None}
    again = httpx2.post(f"{home.url}/predict", json=segment, timeout=60).json()
    same = ("type", "intensity", "confidence", "probabilities", "modalities", "model")
    assert {name: again[name] for name in same} == {name: found["analysis"][name] for name in same}


def test_the_same_seed_gives_the_same_bytes(home: Server) -> None:
    asked = {"type": {"memory": 2, "identity": 1}, "key": "Eb", "meter": "6/8", **SHORT}
    one, other = (ask(home, **asked).json() for _ in range(2))
    assert one["segment"] == other["segment"]
    assert ask(home, **{**asked, "seed": 8}).json()["segment"] != one["segment"]


def test_the_chosen_candidate_is_the_one_of_the_highest_score(home: Server) -> None:
    found = ask(home, type="causal", bars=2, candidates=3, seed=1)
    scores = [item["score"] for item in found.json()["candidates"]]
    chosen = [item["chosen"] for item in found.json()["candidates"]]
    assert len(scores) == 3
    assert chosen == [score == max(scores) for score in scores]


def test_a_primer_is_continued_in_its_meter_and_tempo(home: Server) -> None:
    primer = {"midi": b64encode(midi()).decode()}
    own = read_midi(midi())
    found = ask(home, type="temporal", primer=primer, **SHORT, **{"return": ["midi"]})
    assert found.status_code == 200, found.text
    notes = read_midi(b64decode(found.json()["segment"]["midi"]))
    assert notes.meters[0][1:] == own.meters[-1][1:]
    assert notes.tempos[0][1] == pytest.approx(own.tempos[-1][1], rel=1e-3)


def test_a_primer_is_rebracketed_and_recognized(home: Server) -> None:
    primer = {"midi": b64encode(midi()).decode(), "use": "rebracket"}
    asked = {"type": "spatial", "primer": primer, "candidates": 3, "seed": 1}
    found = ask(home, **asked, **{"return": ["midi"]})
    assert found.status_code == 200, found.text
    assert b64decode(found.json()["segment"]["midi"]) != midi()
    assert found.json()["segment"]["text"] is None


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({}, "type"),
        ({"type": "sideways"}, "type"),
        ({"type": "memory", "bars": 33}, "bars"),
        ({"type": "memory", "meter": "7/8"}, "meter"),
        ({"type": "memory", "key": "H dur"}, "key"),
        ({"type": "memory", "return": []}, "return"),
        ({"type": "memory", "colour": 1}, "colour"),
        ({"type": "memory", "primer": {"midi": "TVRoZA=="}}, "primer"),
    ],
)
def test_what_is_not_valid_is_a_422_that_names_the_field(
    home: Server, asked: dict[str, object], field: str
) -> None:
    answer = ask(home, **asked)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"][0] == field


def test_what_does_not_fit_together_is_a_422(home: Server) -> None:
    answer = ask(home, type="memory", tempo=90, **{"return": ["text"]})
    assert answer.status_code == 422
    assert "tempo" in answer.json()["errors"][0]["msg"]


def test_more_than_may_wait_is_refused_and_predictions_go_on(home: Server) -> None:
    long = {"type": "narrative", "bars": 8, "candidates": 4}
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(ask, home, **long) for _ in range(4)]
        read = httpx2.post(f"{home.url}/predict", json={"text": "A door."}, timeout=60)
        answers = [item.result() for item in waiting]
    assert read.status_code == 200
    statuses = {answer.status_code for answer in answers}
    assert statuses == {200, 503}
    for answer in answers:
        assert answer.status_code == 200 or int(answer.headers["retry-after"]) >= 1


def test_a_client_that_hangs_up_stops_the_writing(home: Server) -> None:
    with pytest.raises(httpx2.TimeoutException):
        httpx2.post(
            f"{home.url}/generate",
            json={"type": "memory", "bars": 32, "candidates": 16, "meter": "3/2"},
            timeout=0.5,
        )
    # What is asked for now would wait for minutes behind what nobody waits for.
    assert ask(home, type="memory", **SHORT).status_code == 200


def test_the_client_and_the_tool_bring_segments(home: Server) -> None:
    asked = Conditioning(type=RebracketingType.IDENTITY, bars=2, candidates=1, seed=3)
    with Client(home.url, "-") as client:
        found = client.generate(asked)
    assert found.segment.midi is not None
    tool = RebracketingGeneratorTool(home.url, "-")
    call = {"type": "identity", "bars": 2, "seed": 3}
    message = tool.invoke({"name": tool.name, "args": call, "id": "1", "type": "tool_call"})
    assert "identity" in message.content
    assert message.artifact.segment.midi[:4] == b"MThd"
    wrong = tool.invoke({"name": tool.name, "args": {"type": "x"}, "id": "1", "type": "tool_call"})
    assert wrong.status == "error"
    assert "type" in wrong.content
    tool.close()


def test_metrics_say_what_was_asked_and_found(home: Server) -> None:
    ask(home, type="memory", **SHORT)
    metrics = httpx2.get(f"{home.url}/metrics", timeout=60).text
    assert 'rebracket_generations_total{asked="memory"' in metrics
    assert "rebracket_generation_seconds_bucket" in metrics
    assert "rebracket_generation_queue_tokens 0.0" in metrics
