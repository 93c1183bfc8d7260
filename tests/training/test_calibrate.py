import numpy as np
import pytest

from rebracket.training.calibrate import fit_temperature


def test_the_temperature_that_made_the_labels_is_found() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(4000, 8)) * 2
    scaled = np.exp(logits / 2.5)
    masses = list(scaled / scaled.sum(axis=1, keepdims=True))
    assert fit_temperature(logits, masses).temperature == pytest.approx(2.5, abs=0.01)
