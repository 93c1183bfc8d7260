"""Whether the served model of words recognizes what was asked for."""

import numpy as np
import pytest

from rebracket.generation.wording import write
from rebracket.inference.predictor import Predictor
from rebracket.schemas import Prediction, Segment
from rebracket.taxonomy import TYPES, RebracketingType

PER_TYPE = 10


def _read(predictor: Predictor, kind: RebracketingType, intensity: float, seed: int) -> Prediction:
    text = write({kind: 1.0}, intensity, np.random.default_rng(seed))
    return predictor.predict(Segment(text=text))


@pytest.fixture(scope="module")
def recognized(predictor: Predictor) -> dict[RebracketingType, float]:
    """The share of texts that are read as the type that they were asked for, by type."""
    return {
        kind: float(
            np.mean([_read(predictor, kind, 0.7, seed).type == kind for seed in range(PER_TYPE)])
        )
        for kind in TYPES
    }


def test_most_texts_are_recognized(recognized: dict[RebracketingType, float]) -> None:
    assert np.mean(list(recognized.values())) >= 0.6


@pytest.mark.parametrize("kind", TYPES)
def test_texts_of_each_type_are_recognized(
    recognized: dict[RebracketingType, float], kind: RebracketingType
) -> None:
    assert recognized[kind] >= 0.4


def test_what_was_asked_to_be_stronger_is_read_as_stronger(predictor: Predictor) -> None:
    asked = np.linspace(0, 1, 80)
    read = [
        _read(predictor, TYPES[i % len(TYPES)], float(intensity), i).intensity
        for i, intensity in enumerate(asked)
    ]
    assert np.corrcoef(asked, read)[0, 1] >= 0.6
