import numpy as np
import pytest

from rebracket.taxonomy import TYPES
from rebracket.training.calibrate import fit_temperature


def test_the_temperature_that_made_the_labels_is_found() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(20_000, 8)) * 2
    scaled = np.exp(logits / 2.5)
    shares = scaled / scaled.sum(axis=1, keepdims=True)
    drawn = (shares.cumsum(axis=1) > rng.random((len(shares), 1))).argmax(axis=1)
    types = [TYPES[index] for index in drawn]
    assert fit_temperature(logits, types).temperature == pytest.approx(2.5, abs=0.1)
