"""The same music is several."""

import numpy as np

from rebracket.segment.operations.sound.identity import (
    detuned_doubles,
    other_throat,
    shifted_copies,
)
from tests.segment.operations.sound.material import band, tone


def test_doubles_stand_close_beside_a_tone() -> None:
    plain, result = tone(880, 4), detuned_doubles(tone(880, 4), 1.0, np.random.default_rng(0))
    beside = [band(sound, 885, 905) + band(sound, 855, 875) for sound in (plain, result)]
    assert beside[1] > 10 * beside[0]
    assert band(result, 100, 840) < 0.05 * band(result, 850, 910)


def test_copies_stand_at_intervals() -> None:
    plain, result = tone(440, 4), shifted_copies(tone(440, 4), 1.0, np.random.default_rng(0))
    elsewhere = [band(sound, 180, 425) + band(sound, 455, 850) for sound in (plain, result)]
    assert elsewhere[1] > 10 * elsewhere[0]
    assert band(result, 430, 450) > 0.2 * band(plain, 430, 450)


def test_doubles_lie_to_both_sides() -> None:
    left, right = detuned_doubles(tone(440, 4, channels=2), 1.0, np.random.default_rng(0)).samples
    assert np.abs(left - right).mean() > 0.3 * np.abs(left).mean()


def test_another_throat_keeps_the_tones_and_moves_their_weights() -> None:
    plain, result = tone(300, 4), other_throat(tone(300, 4), 1.0, np.random.default_rng(0))
    weights = [band(sound, 850, 950) / band(sound, 280, 320) for sound in (plain, result)]
    assert abs(np.log(weights[1] / weights[0])) > 0.3
    on = sum(band(result, 300 * k - 20, 300 * k + 20) for k in (1, 2, 3))
    assert on > 0.9 * band(result, 20, 8000)
