"""Places change while the music goes on."""

import numpy as np

from rebracket.segment.operations.sound.spatial import folded_field, rooms, swapped_field
from tests.segment.operations.sound.material import band, loudness, strokes, tone


def test_a_far_room_answers_some_strokes_and_not_others() -> None:
    times = np.arange(0.1, 8, 0.5)
    result = rooms(strokes(times.tolist(), 8.2), 1.0, np.random.default_rng(0))
    tails = np.array([loudness(result, time + 0.3, time + 0.45) for time in times])
    assert np.quantile(tails, 0.8) > 10 * np.quantile(tails, 0.2)


def test_a_sound_in_the_middle_is_thrown_to_one_side_and_then_the_other() -> None:
    left, right = swapped_field(tone(300, 4), 1.0, np.random.default_rng(0)).samples
    lean = [
        abs(right[k : k + 800]).sum() / abs(left[k : k + 800]).sum() for k in range(0, 60_000, 800)
    ]
    assert np.mean(np.array(lean) > 4) > 0.3
    assert np.mean(np.array(lean) < 1 / 4) > 0.3


def test_lows_and_highs_are_on_opposite_sides() -> None:
    noise = strokes([0.0], 4.0, decay=0)
    result = folded_field(noise, 1.0, np.random.default_rng(0))
    opposite = 0
    for k in range(0, 60_000, 1600):
        part = type(noise)(result.samples[:, k : k + 1600], 16_000)
        left, right = (type(noise)(part.samples[c : c + 1], 16_000) for c in (0, 1))
        low, high = (band(left, *edge) > band(right, *edge) for edge in ((30, 200), (3000, 8000)))
        opposite += low != high
    assert opposite > 30
