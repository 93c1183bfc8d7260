"""What follows is heard first."""

import numpy as np

from rebracket.segment.operations.sound.causal import effect_first, pre_echo, reversed_envelopes
from rebracket.segment.operations.sound.spectrum import high_pass
from rebracket.segment.sound import Sound
from tests.segment.operations.sound.material import loudness, rises, strokes

TIMES = np.arange(0.4, 6, 0.5).tolist()
PLAIN = strokes(TIMES, 6, decay=8)


def test_an_echo_swells_up_to_a_sound_that_is_cut_off() -> None:
    result = pre_echo(strokes([0.8], 1.6, decay=6), 1.0, np.random.default_rng(0))
    before = [loudness(result, t, t + 0.1) for t in (0.5, 0.6, 0.7)]
    assert before == sorted(before)
    assert before[2] > loudness(result, 1.0, 1.1)


def test_strokes_that_decayed_swell() -> None:
    assert rises(PLAIN) < 0.4
    assert rises(reversed_envelopes(PLAIN, 1.0, np.random.default_rng(0))) > 0.6


def test_the_sound_within_a_turned_envelope_runs_forward() -> None:
    result = reversed_envelopes(PLAIN, 1.0, np.random.default_rng(0))
    assert (np.sign(result.samples) == np.sign(PLAIN.samples)).mean() > 0.99


def test_high_tones_come_before_low_ones() -> None:
    result = effect_first(strokes([0.8], 1.6, decay=12), 1.0, np.random.default_rng(0))
    high = high_pass(result.samples, 16_000, 2000)
    low = result.samples - high_pass(result.samples, 16_000, 500)
    early, late = (np.average(np.arange(25_600), weights=part[0] ** 2) for part in (high, low))
    assert early < late - 0.1 * 16_000


def test_a_causal_change_sounds_before_its_cause() -> None:
    plain = strokes([0.8], 1.6)
    for operation in (pre_echo, effect_first):
        result: Sound = operation(plain, 0.8, np.random.default_rng(1))
        assert loudness(result, 0.6, 0.79) > 100 * loudness(plain, 0.6, 0.79)
