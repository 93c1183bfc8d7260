import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rebracket.inference.calibration import Calibration, Strength


@given(arrays(np.float32, (3, 8), elements=st.floats(-80, 80, width=32)), st.floats(0.1, 10))
def test_probabilities_sum_to_one_and_keep_the_order(
    logits: np.typing.NDArray[np.float32], temperature: float
) -> None:
    probabilities = Calibration(temperature=temperature).probabilities(logits)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-12)
    rows = np.arange(3)
    assert (probabilities[rows, logits.argmax(axis=1)] == probabilities.max(axis=1)).all()


def test_a_higher_temperature_is_less_sure() -> None:
    logits = np.array([[2.0, 0, 0, 0, 0, 0, 0, 0]])
    sure, unsure = (Calibration(temperature=t).probabilities(logits).max() for t in (1.0, 3.0))
    assert unsure < sure


@given(arrays(np.float32, 5, elements=st.floats(0, 1, width=32)))
def test_without_a_fit_intensity_stays_what_it_is(raw: np.typing.NDArray[np.float32]) -> None:
    found = Calibration(temperature=1).intensities(raw, np.full(5, 40))
    assert np.allclose(found, raw, atol=1e-6)


def test_longer_texts_weigh_more_up_to_the_longest_that_was_fitted() -> None:
    strength = Strength(slope=0.7, length=0.4, offset=-2, shortest=10, longest=200)
    tokens = np.array([2, 10, 50, 200, 9000])
    found = Calibration(temperature=1, strength=strength).intensities(np.full(5, 0.4), tokens)
    assert found[0] == found[1] < found[2] < found[3] == found[4]
