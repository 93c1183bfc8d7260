"""Unforeseen errors are grouped by where they come from, and never quote what was sent."""

import json
from itertools import count

import pytest
from prometheus_client import REGISTRY

from rebracket.monitoring import failures
from rebracket.schemas import Segment, SegmentBatch

numbers = count()


def fail(kind: type[Exception]) -> None:
    raise kind(f"words of the caller {next(numbers)}")


def raised(kind: type[Exception]) -> Exception:
    try:
        fail(kind)
    except kind as error:
        return error
    raise AssertionError


def test_errors_from_one_place_are_one_group_and_counted() -> None:
    first, second = (failures.describe(raised(KeyError)) for _ in range(2))
    assert first["fingerprint"] == second["fingerprint"]
    assert second["seen"] == first["seen"] + 1
    assert failures.describe(raised(OSError))["fingerprint"] != first["fingerprint"]
    labels = {"fingerprint": first["fingerprint"]}
    assert REGISTRY.get_sample_value("rebracket_faults_total", labels) == second["seen"]


def test_the_shape_of_the_input_is_told_without_its_words() -> None:
    batch = SegmentBatch(segments=[Segment(text="larder"), Segment(text="a", lyrics="la la")])
    told = failures.describe(raised(ValueError), batch)
    assert told["lengths"] == [{"text": 6}, {"text": 1, "lyrics": 5}]
    assert told["input_hash"] == failures.shape(batch)["input_hash"]
    assert "test_failures.py" in told["stack"][0]
    assert "larder" not in json.dumps(told)
    assert "words of the caller" not in json.dumps(told)


def test_groups_beyond_the_bound_share_a_label(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "MAX_GROUPS", 0)
    monkeypatch.setattr(failures, "_counts", {})
    before = REGISTRY.get_sample_value("rebracket_faults_total", {"fingerprint": "others"}) or 0
    for kind in (LookupError, ArithmeticError):
        failures.describe(raised(kind))
    labels = {"fingerprint": "others"}
    assert REGISTRY.get_sample_value("rebracket_faults_total", labels) == before + 2
