"""What each variant did, side by side."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from rebracket.cli import main
from rebracket.monitoring.experiments import report
from rebracket.monitoring.store import PredictionStore
from rebracket.schemas import ExperimentReport
from rebracket.taxonomy import RebracketingType
from tests.monitoring.made import made


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PredictionStore:
    """Forty segments of ten requests as A, twelve as B, of which two failed."""
    path = tmp_path / "p.db"
    monkeypatch.setenv("REBRACKET_DEPLOYMENT__MONITORING__STORE", str(path))
    opened = PredictionStore(path, max_rows=1000, max_bytes=2**30)
    opened.append(
        made(variant="a", request_id=f"a{n % 10}", compute_s=n / 1000, confidence=n / 40)
        for n in range(40)
    )
    opened.append(made(variant="b", version="1.2.0", request_id=f"b{n}", at=9e9) for n in range(10))
    lost = {"type": None, "confidence": None, "intensity": None, "compute_s": None}
    for status, kind in ((500, "internal-error"), (422, "invalid-request")):
        opened.append([made(variant="b", version="1.2.0", status=status, outcome=kind, **lost)])
    return opened


def test_variants_stand_side_by_side(kept: PredictionStore) -> None:
    a, b = report(kept).variants
    assert (a.variant, a.requests, a.segments, a.errors) == ("a", 10, 40, {})
    assert (b.version, b.segments) == ("1.2.0", 12)
    assert b.errors == {"internal-error": 1, "invalid-request": 1}
    assert a.latency_ms == pytest.approx({"p50": 22.5, "p90": 38.1, "p99": 41.61})
    spatial = a.types[RebracketingType.SPATIAL]
    assert spatial is not None
    assert (spatial.value, spatial.high) == (1, 1)
    assert a.confidence is not None
    assert a.confidence.value == pytest.approx(0.4875)
    assert a.confidence.low < a.confidence.value < a.confidence.high
    assert b.failure_share is not None
    assert b.failure_share.value == pytest.approx(1 / 12)
    kept.close()


def test_only_the_time_asked_for_counts(kept: PredictionStore) -> None:
    assert [found.variant for found in report(kept, since=8e9).variants] == ["b"]
    kept.close()


def test_the_command_prints_it_for_people_and_as_json(kept: PredictionStore) -> None:
    expected = report(kept)
    kept.close()
    told = CliRunner().invoke(main, ["experiment", "report", "--json"])
    assert ExperimentReport.model_validate_json(told.stdout) == expected
    text = CliRunner().invoke(main, ["experiment", "report"]).stdout
    assert "b: rebracket-segment:1.2.0" in text
    assert "failures    8.3% (1.5%–35.4%)" in text


@pytest.mark.parametrize(
    ("arguments", "message"), [(["--since", "soon"], "like 30m"), ([], "no predictions")]
)
def test_bad_input_ends_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.setenv("REBRACKET_DEPLOYMENT__MONITORING__STORE", str(tmp_path / "none.db"))
    result = CliRunner().invoke(main, ["experiment", "report", *arguments])
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert message in result.stderr
    assert not (tmp_path / "none.db").exists()
