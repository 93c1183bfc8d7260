"""Metrics of music leave plain material out where they ask for types."""

import numpy as np
import pytest

from rebracket.models.heads import PLAIN
from rebracket.taxonomy import TYPES, RebracketingType
from rebracket.training.music.metrics import measure_music, type_of


def test_operations_have_the_type_of_their_three() -> None:
    assert [type_of(kind) for kind in (0, 2, 3, 23, PLAIN)] == [
        TYPES[0],
        TYPES[0],
        TYPES[1],
        TYPES[7],
        None,
    ]


def test_what_is_right_is_counted() -> None:
    types: list[RebracketingType | None] = [TYPES[0], TYPES[1], TYPES[1], TYPES[2], None, None]
    probabilities = np.full((6, 8), 0.01)
    probabilities[range(6), [0, 1, 2, 5, 3, 3]] = 0.93
    intensity = np.array([0.9, 0.6, 0.5, 0.2, 0.1, 0.3])
    found = measure_music(
        probabilities, intensity, types=types, intensities=[0.8, 0.5, 0.6, 0.3, 0, 0]
    )
    assert found.n == 6
    assert found.accuracy == pytest.approx(2 / 4)
    assert found.clear_accuracy == pytest.approx(2 / 3)  # the faint one, wrong too, is left out
    assert found.clear_by_type[TYPES[1]] == pytest.approx(1 / 2)
    assert found.confusion[1][2] == 1
    assert found.plain_auroc == pytest.approx(7 / 8)
    assert found.intensity_mae == pytest.approx(np.mean([0.1, 0.1, 0.1, 0.1, 0.1, 0.3]))
