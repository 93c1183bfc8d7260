import numpy as np
import pytest

from rebracket.inference.calibration import Calibration, Strength
from rebracket.taxonomy import TYPES
from rebracket.training.calibrate import fit_strength, fit_temperature


def test_the_temperature_that_made_the_labels_is_found() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(20_000, 8)) * 2
    scaled = np.exp(logits / 2.5)
    shares = scaled / scaled.sum(axis=1, keepdims=True)
    drawn = (shares.cumsum(axis=1) > rng.random((len(shares), 1))).argmax(axis=1)
    types = [TYPES[index] for index in drawn]
    assert fit_temperature(logits, types) == pytest.approx(2.5, abs=0.1)


def test_intensity_that_grows_with_length_is_found_and_held_back() -> None:
    rng = np.random.default_rng(1)
    raw, tokens = rng.uniform(0.05, 0.95, 4000), rng.integers(10, 250, 4000)
    true = Strength(slope=0.8, length=0.4, offset=-1.6, shortest=10, longest=249)
    wanted = Calibration(temperature=1, strength=true).intensities(raw, tokens)
    found = fit_strength(raw, tokens, wanted.tolist())
    assert found.length == pytest.approx(0.4, abs=0.03)
    assert 0 < found.length < 0.4
    assert 0.8 < found.slope < 1
    assert (found.shortest, found.longest) == (10, 249)
