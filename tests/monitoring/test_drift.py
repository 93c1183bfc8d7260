"""Shifted traffic is seen on the signal that shifted; traffic like the baseline raises nothing."""

import logging
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from rebracket.config import Drift as Settings
from rebracket.monitoring.baseline import SIGNALS, Baseline, Reading, baseline, of_readings
from rebracket.monitoring.drift import DriftWatch, compare, psi
from rebracket.monitoring.rows import Row
from rebracket.monitoring.store import PredictionStore
from rebracket.registry import ExportedModel
from rebracket.schemas import Drift, ModelRef
from rebracket.taxonomy import TYPES
from tests.monitoring.made import made

MODEL = ModelRef(name="rebracket-segment", version="1.1.0", variant="default")
SETTINGS = Settings(every_s=3600)
counts = st.lists(st.integers(0, 50), min_size=8, max_size=8).filter(any)


def readings(count: int, seed: int, *, confidence: float = 5, length: float = 4) -> list[Reading]:
    random = np.random.default_rng(seed)
    return [
        Reading(
            str(random.choice(list(TYPES), p=np.arange(1, 9) / 36)),
            float(random.beta(confidence, 2)),
            float(random.beta(2, 2)),
            float(random.lognormal(length, 0.5)),
            float(random.choice([0.0, 0.03], p=[0.95, 0.05])),
        )
        for _ in range(count)
    ]


def looked(readings: list[Reading], base: Baseline | None) -> Drift:
    return compare(MODEL, base, readings, SETTINGS)


@pytest.fixture(scope="module")
def base() -> Baseline:
    return of_readings(readings(560, 0))


@pytest.mark.parametrize("seed", range(1, 21))
def test_traffic_like_the_baseline_is_steady(base: Baseline, seed: int) -> None:
    found = looked(readings(SETTINGS.min_predictions, seed), base)
    assert (found.state, found.drifted) == ("steady", [])
    assert found.psi.keys() == set(SIGNALS)


def test_each_shift_is_seen_on_its_signal_alone(base: Baseline) -> None:
    usual = readings(1000, 1)
    shifts = {
        "type": [r._replace(type=str(TYPES[0])) for r in usual],
        "confidence": readings(1000, 1, confidence=2),
        "intensity": [r._replace(intensity=r.intensity**3) for r in usual],
        "length": readings(1000, 1, length=5),
        "unknown": [r._replace(unknown=r.unknown + 0.3) for r in usual],
    }
    assert shifts.keys() == set(SIGNALS)
    for signal, shifted in shifts.items():
        assert looked(shifted, base).drifted == [signal]


def test_nothing_is_said_of_few_predictions_or_without_a_baseline(base: Baseline) -> None:
    shifted = readings(1000, 1, length=9)
    assert looked(shifted[: SETTINGS.min_predictions - 1], base).state == "unknown"
    assert looked(shifted, None).state == "unknown"
    assert looked([], base).state == "unknown"


def test_the_index_is_the_books() -> None:
    """Two bins by hand: (0.6 − 0.5) ln(0.6 / 0.5) + (0.4 − 0.5) ln(0.4 / 0.5)."""
    assert psi([0.5, 0.5], [0.6, 0.4], count=100) == pytest.approx(0.0405465)


@given(counts, counts)
def test_the_index_is_positive_symmetric_and_zero_for_equals(a: list[int], b: list[int]) -> None:
    one, other = ([n / sum(found) for n in found] for found in (a, b))
    assert psi(one, one, count=100) == 0
    assert psi(one, other, count=100) >= 0
    assert psi(one, other, count=100) == pytest.approx(psi(other, one, count=100))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_every_baseline_has_all_its_readings_in_its_bins(values: list[float]) -> None:
    found = of_readings([Reading("spatial", v, v, v * 100, v) for v in values])
    for histogram in found.signals.values():
        assert sum(histogram.shares) == pytest.approx(1)
        assert len(histogram.shares) == len(histogram.edges) + 1
    assert Baseline.model_validate_json(found.model_dump_json()) == found


def rows(readings: list[Reading]) -> list[Row]:
    return [
        made(
            type=r.type,
            confidence=r.confidence,
            intensity=r.intensity,
            tokens=int(r.length),
            unknown_share=r.unknown,
        )
        for r in readings
    ]


def test_the_watch_reads_the_last_predictions_and_tells_once(
    base: Baseline, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = PredictionStore(tmp_path / "p.db", max_rows=10**5, max_bytes=2**30)
    store.append(rows(readings(1500, 1, length=9)))
    store.append([made(version="1.0.0"), made(outcome="internal-error", type=None)])
    with caplog.at_level(logging.WARNING):
        watch = DriftWatch(store, SETTINGS, lambda: [(MODEL, base)])
        watch.close()
    (found,) = watch.found
    assert (found.state, found.drifted, found.predictions) == ("drifted", ["length"], 1000)
    labels = {"model_version": "1.1.0", "signal": "length"}
    assert REGISTRY.get_sample_value("rebracket_drift_psi", labels) == found.psi["length"]
    store.append(rows(readings(1000, 2)))
    with caplog.at_level(logging.WARNING):
        watch._tell(watch.look())
        watch._tell(watch.look())
    assert watch.found[0].state == "steady"
    assert [record.message for record in caplog.records] == [
        "Predictions are drifted now",
        "Predictions are steady now",
    ]
    store.close()


def test_an_export_keeps_what_the_model_finds_in_held_out_texts(exported: ExportedModel) -> None:
    from rebracket.inference.predictor import Predictor
    from rebracket.training.corpus import split_corpus

    found = exported.manifest.baseline
    assert found is not None
    assert found.segments == len(split_corpus().test)
    predictor = Predictor.load(exported, "int8")
    again = baseline(predictor, [text.segment for text in split_corpus().test[:50]])
    assert again.signals["type"].edges == found.signals["type"].edges
    assert found.signals["length"].edges[0] > 3
