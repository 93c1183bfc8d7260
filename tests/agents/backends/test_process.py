"""Analyses without a server are those of the service's own predictor."""

import asyncio
import subprocess
import sys

import pytest

from rebracket.agents import ProcessBackend
from rebracket.agents.backends import Outcome, Reading
from rebracket.errors import InvalidRequest, ModelNotFound
from rebracket.inference.predictor import Predictor
from rebracket.registry import ExportedModel
from rebracket.schemas import Segment

NOTES = [
    Segment(text="A larder that holds its street."),
    Segment(text="\u200b"),
    Segment(lyrics="la"),
]


def test_one_bad_segment_fails_alone(exported: ExportedModel, predictor: Predictor) -> None:
    backend = ProcessBackend.load(f"{exported.name}:{exported.version}")
    first, second, third = backend.read(NOTES)
    again = asyncio.run(backend.aread(NOTES))
    backend.close()
    assert isinstance(first, Reading)
    assert first.prediction.probabilities == predictor.predict(NOTES[0]).probabilities
    assert isinstance(second, InvalidRequest)
    assert isinstance(third, Reading)
    assert [outcome_type(o) for o in again] == [Reading, InvalidRequest, Reading]


def outcome_type(outcome: Outcome) -> type[object]:
    return type(outcome)


def test_a_missing_model_is_named() -> None:
    with pytest.raises(ModelNotFound):
        ProcessBackend.load("rebracket-segment:9.9.9")


def test_agents_load_no_engine_until_one_is_asked_for() -> None:
    code = "import sys, rebracket.agents; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert "langgraph" in loaded
    assert not loaded & {"bentoml", "onnxruntime", "torch", "starlette"}
