import numpy as np
import pytest

from rebracket.taxonomy import RebracketingType as T
from rebracket.training.metrics import expected_calibration_error, measure


def one_hot(*classes: int) -> np.typing.NDArray[np.float64]:
    return np.eye(8)[list(classes)]


def test_perfect_readings_score_one() -> None:
    metrics = measure(
        one_hot(0, 1, 4),
        np.array([0.1, 0.5, 0.9]),
        types=[T.SPATIAL, T.TEMPORAL, T.MEMORY],
        intensities=[0.1, 0.5, 0.9],
    )
    assert (metrics.accuracy, metrics.macro_f1, metrics.ece) == (1, 1, 0)
    assert metrics.intensity_r == pytest.approx(1)
    assert metrics.acceptable_rate is None


def test_macro_f1_is_the_mean_over_types_that_occur() -> None:
    metrics = measure(
        one_hot(0, 0, 1, 1),
        np.zeros(4),
        types=[T.SPATIAL, T.SPATIAL, T.SPATIAL, T.TEMPORAL],
        intensities=[0.0, 0.2, 0.4, 0.6],
    )
    assert metrics.f1 == {T.SPATIAL: pytest.approx(0.8), T.TEMPORAL: pytest.approx(2 / 3)}
    assert metrics.macro_f1 == pytest.approx((0.8 + 2 / 3) / 2)
    assert metrics.intensity_r == 0


def test_acceptable_counts_any_type_that_a_reader_named() -> None:
    metrics = measure(
        one_hot(0, 1),
        np.array([0.1, 0.2]),
        types=[T.TEMPORAL, T.TEMPORAL],
        intensities=[0.1, 0.2],
        acceptable=[[T.TEMPORAL, T.SPATIAL], [T.TEMPORAL]],
    )
    assert metrics.acceptable_rate == 1
    assert metrics.accuracy == 0.5


def test_calibration_error_weighs_bins_by_size() -> None:
    confidence = np.array([0.95, 0.95, 0.95, 0.15])
    correct = np.array([True, True, False, False])
    expected = 0.75 * abs(2 / 3 - 0.95) + 0.25 * 0.15
    assert expected_calibration_error(confidence, correct) == pytest.approx(expected)
