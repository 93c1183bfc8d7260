"""What a worker notes of the segments that it reads."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from rebracket.config import Batching, Monitoring
from rebracket.errors import TooManyRequests
from rebracket.inference.lanes import ThreadLanes
from rebracket.inference.predictor import Predictor
from rebracket.inference.runner import Runner
from rebracket.monitoring import trace
from rebracket.monitoring.monitor import Monitor, open_store
from rebracket.monitoring.rows import NAMES, Row
from rebracket.monitoring.trace import Trace
from rebracket.schemas import Segment

WORDS = "a door behind the larder"
SEGMENTS = [Segment(text=WORDS), Segment(text="\u200b"), Segment(lyrics="☃ is no word of it")]


def noted(predictor: Predictor, path: Path, **settings: Any) -> list[Row]:
    """The rows of one batch."""

    async def ask(monitor: Monitor) -> None:
        trace.begin(Trace(request_id="take-7", key_id="studio", subject="listener"))
        runner = Runner(ThreadLanes(2), Batching())
        with monitor.request(predictor) as observe:
            observe.items_failed(await runner.predict_all(predictor, SEGMENTS, observe=observe))
        await runner.close()

    chosen = Monitoring(store=path, **settings)
    monitor = Monitor(chosen)
    asyncio.run(ask(monitor))
    monitor.close()
    store = open_store(chosen)
    rows = [Row(*row) for row in store.query(f"SELECT {','.join(NAMES)} FROM predictions")]  # noqa: S608
    store.close()
    return rows


def test_each_segment_is_a_row_with_what_was_found(predictor: Predictor, tmp_path: Path) -> None:
    rows = noted(predictor, tmp_path / "p.db")
    assert sorted(row.outcome for row in rows) == ["invalid-request", "ok", "ok"]
    text, lyrics = sorted((r for r in rows if r.outcome == "ok"), key=lambda r: r.modalities)[::-1]
    expected = predictor.predict(SEGMENTS[0])
    assert (text.modalities, lyrics.modalities) == ("text", "lyrics")
    assert (text.type, text.tokens) == (expected.type, predictor.encode(SEGMENTS[0]).work)
    assert text.confidence == pytest.approx(expected.confidence, abs=1e-5)
    assert json.loads(text.probabilities or "").keys() == expected.probabilities.keys()
    assert text.unknown_share == 0
    assert lyrics.unknown_share == pytest.approx(1 / lyrics.tokens, abs=1e-9)  # type: ignore[operator]
    assert min(text.decode_s or 0, text.compute_s or 0) > 0
    assert {(r.request_id, r.key_id, r.version) for r in rows} == {
        ("take-7", "studio", predictor.ref.version)
    }


def test_neither_words_nor_subject_reach_the_disk(predictor: Predictor, tmp_path: Path) -> None:
    rows = noted(predictor, tmp_path / "p.db")
    assert len({row.subject for row in rows}) == 1
    for path in tmp_path.iterdir():
        assert b"larder" not in path.read_bytes()
        assert b"listener" not in path.read_bytes()


def test_words_are_kept_where_the_settings_say_so(predictor: Predictor, tmp_path: Path) -> None:
    rows = noted(predictor, tmp_path / "p.db", store_content=True)
    assert json.dumps({"text": WORDS}, separators=(",", ":")) in [row.content for row in rows]


def test_a_sample_of_none_keeps_none(predictor: Predictor, tmp_path: Path) -> None:
    assert noted(predictor, tmp_path / "p.db", sample=0) == []


def test_a_request_that_fails_is_one_row(predictor: Predictor, tmp_path: Path) -> None:
    monitor = Monitor(Monitoring(store=tmp_path / "p.db"))
    with pytest.raises(TooManyRequests), monitor.request(predictor):
        raise TooManyRequests("used up", retry_after_s=1)
    with pytest.raises(RuntimeError), monitor.request(predictor):
        raise RuntimeError
    monitor.close()
    store = open_store(Monitoring(store=tmp_path / "p.db"))
    found = store.query("SELECT outcome, status, type FROM predictions ORDER BY id")
    store.close()
    assert found == [("too-many-requests", 429, None), ("internal-error", 500, None)]


def test_predictions_and_stages_are_counted(predictor: Predictor, tmp_path: Path) -> None:
    def computed() -> float:
        labels = {"stage": "compute", "variant": "default"}
        return REGISTRY.get_sample_value("rebracket_inference_seconds_count", labels) or 0

    before = computed()
    noted(predictor, tmp_path / "p.db", sample=0)
    assert computed() - before == 2
    assert REGISTRY.get_sample_value("rebracket_queue_items", {"pid": "0"}) in (0, None)
