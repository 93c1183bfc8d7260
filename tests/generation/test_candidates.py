"""What is read as it was asked for is the best."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebracket.generation.candidates import FAR, best, score
from rebracket.schemas import ModelRef, Prediction
from rebracket.taxonomy import TYPES, RebracketingType

MEMORY, SPATIAL, CAUSAL = (
    RebracketingType.MEMORY,
    RebracketingType.SPATIAL,
    RebracketingType.CAUSAL,
)
Shares = Mapping[RebracketingType, float]


def read(probabilities: Shares, intensity: float = 0.7) -> Prediction:
    """A reading; what is not named has no probability."""
    kind = max(probabilities, key=lambda kind: probabilities[kind])
    return Prediction(
        segment_id=None,
        type=kind,
        intensity=intensity,
        confidence=probabilities[kind],
        probabilities=dict.fromkeys(TYPES, 0.0) | dict(probabilities),
        modalities=["midi"],
        model=ModelRef(name="m", version="1", variant="v"),
        metadata=None,
        latency_ms=1.0,
    )


def ranked(mixture: Shares, intensity: float, *readings: Prediction) -> list[int]:
    """Readings' indexes, the nearest first."""
    scores = [score(item, mixture, intensity) for item in readings]
    return sorted(range(len(scores)), key=lambda index: -scores[index])


def test_the_surest_of_the_asked_type_is_best() -> None:
    readings = [
        read({MEMORY: 0.6, SPATIAL: 0.4}),
        read({MEMORY: 0.9, SPATIAL: 0.1}),
        read({MEMORY: 0.1, SPATIAL: 0.9}),
    ]
    assert ranked({MEMORY: 1.0}, 0.7, *readings) == [1, 0, 2]


def test_of_equally_sure_ones_the_nearest_intensity_is_best() -> None:
    readings = [read({MEMORY: 1.0}, intensity) for intensity in (0.2, 0.75, 0.9, 0.4)]
    assert ranked({MEMORY: 1.0}, 0.7, *readings) == [1, 2, 3, 0]


def test_another_type_is_worse_than_another_intensity() -> None:
    readings = [read({SPATIAL: 0.95, MEMORY: 0.05}, 0.7), read({MEMORY: 0.95, SPATIAL: 0.05}, 0.2)]
    assert ranked({MEMORY: 1.0}, 0.7, *readings) == [1, 0]


def test_a_mixture_is_met_by_all_of_its_types_in_their_parts() -> None:
    readings = [
        read({MEMORY: 1.0}),
        read({MEMORY: 0.75, SPATIAL: 0.25}),
        read({MEMORY: 0.5, SPATIAL: 0.5}),
        read({MEMORY: 0.25, SPATIAL: 0.75}),
        read({CAUSAL: 1.0}),
    ]
    assert ranked({MEMORY: 0.75, SPATIAL: 0.25}, 0.7, *readings) == [1, 2, 3, 0, 4]


def test_without_intensity_types_do_not_count() -> None:
    readings = [read({SPATIAL: 1.0}, 0.1), read({MEMORY: 1.0}, 0.3), read({CAUSAL: 1.0}, 0.0)]
    assert ranked({MEMORY: 1.0}, 0.0, *readings) == [2, 0, 1]
    assert score(readings[0], {MEMORY: 1.0}, 0.0) == pytest.approx(-0.1 * FAR)


weights = st.lists(st.floats(0.01, 1), min_size=8, max_size=8).map(
    lambda found: {kind: weight / sum(found) for kind, weight in zip(TYPES, found, strict=True)}
)


@given(weights, weights, st.floats(0.01, 1), st.floats(0, 1))
def test_what_is_exactly_as_asked_scores_0_and_nothing_more(
    asked: Shares, other: Shares, intensity: float, found: float
) -> None:
    assert score(read(asked, intensity), asked, intensity) == pytest.approx(0.0, abs=1e-9)
    assert score(read(other, found), asked, intensity) <= 1e-9


def test_a_type_that_is_ruled_out_is_far_but_no_error() -> None:
    assert -100 < score(read({SPATIAL: 1.0}), {MEMORY: 1.0}, 0.7) < -10


def test_of_equals_the_first_is_best() -> None:
    assert best([-1.0, -0.5, -0.5, -2.0]) == 1
    assert best([0.0]) == 0
