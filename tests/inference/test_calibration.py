import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rebracket.inference.calibration import Calibration


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
