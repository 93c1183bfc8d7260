"""A worn medium, and what comes back fainter."""

import numpy as np

from rebracket.segment.operations.sound.memory import fading_band, returns, worn_tape
from rebracket.segment.sound import Sound
from tests.segment.operations.sound.material import band, loudness, strokes, tone


def test_a_steady_tone_wavers_on_worn_tape() -> None:
    plain, result = tone(440, 4), worn_tape(tone(440, 4), 1.0, np.random.default_rng(0))
    assert band(result, 445, 470) + band(result, 410, 435) > 0.5 * band(result, 435, 445)
    assert band(plain, 445, 470) < 0.1 * band(plain, 435, 445)


def test_highs_fade_with_time() -> None:
    plain = strokes([0.0], 6.0, decay=0)
    result = fading_band(plain, 1.0, np.random.default_rng(0))
    early, late = (Sound(result.samples[:, k : k + 16_000], 16_000) for k in (0, 80_000))
    assert band(late, 2000, 3000) < 0.5 * band(early, 2000, 3000)


def test_a_moment_returns_ever_softer_and_duller() -> None:
    plain = strokes([0.1], 5.0)
    result = returns(plain, 1.0, np.random.default_rng(0))
    thirds = [Sound(result.samples[:, k : k + 20_000], 16_000) for k in (20_000, 55_000)]
    assert loudness(thirds[0], 0, 1.25) > loudness(thirds[1], 0, 1.25) > loudness(plain, 3.5, 4.7)
    dull = [band(part, 2500, 8000) / band(part, 100, 1000) for part in thirds]
    assert dull[1] < dull[0]
