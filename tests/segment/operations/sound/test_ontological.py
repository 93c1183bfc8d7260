"""Tones become something else."""

import numpy as np

from rebracket.segment.operations.sound.ontological import inharmonic, ring_modulation, smeared
from tests.segment.operations.sound.material import band, loudness, strokes, tone


def test_a_tone_is_split_and_gone() -> None:
    plain, result = tone(440, 4), ring_modulation(tone(440, 4), 1.0, np.random.default_rng(0))
    assert band(result, 430, 450) < 0.4 * band(plain, 430, 450)


def test_partials_are_no_multiples_any_more() -> None:
    result = inharmonic(tone(440, 4), 1.0, np.random.default_rng(0))
    on = sum(band(result, 440 * k - 10, 440 * k + 10) for k in (1, 2, 3))
    assert on < 0.3 * band(result, 20, 8000)
    assert band(result, 20, 8000) > 0.8 * band(tone(440, 4), 20, 8000)


def test_strokes_dissolve_into_a_cloud() -> None:
    plain = strokes(np.arange(0.1, 4, 0.5).tolist(), 4.0)
    result = smeared(plain, 1.0, np.random.default_rng(0))
    gaps = [(loudness(sound, 2.4, 2.55), loudness(sound, 2.6, 2.75)) for sound in (plain, result)]
    assert gaps[0][0] < 0.05 * gaps[0][1]
    assert gaps[1][0] > 0.3 * gaps[1][1]
