"""Time runs backwards, at another pace, or to a standstill."""

import numpy as np

from rebracket.segment.operations.sound.temporal import reversed_spans, stretched_spans, tape_stops
from tests.segment.operations.sound.material import band, loudness, rises, strokes, tone

TIMES = np.arange(0.1, 6, 0.5).tolist()


def test_strokes_that_decayed_swell_where_spans_run_backwards() -> None:
    plain = strokes(TIMES, 6, decay=8)
    assert rises(plain) < 0.4
    assert rises(reversed_spans(plain, 1.0, np.random.default_rng(0))) > 0.6


def test_a_tone_keeps_its_pitch_at_another_pace() -> None:
    result = stretched_spans(tone(330, 4), 1.0, np.random.default_rng(0))
    assert band(result, 315, 345) > 0.6 * band(tone(330, 4), 315, 345)
    assert band(result, 40, 250) < 0.2 * band(result, 315, 345)


def test_a_glide_is_slow_and_fast_by_turns() -> None:
    seconds = np.arange(64_000) / 16_000
    sweep = np.sin(2 * np.pi * (200 * seconds + 200 * seconds**2)).astype(np.float32)[None]
    plain = type(tone(1))(sweep, 16_000)
    result = stretched_spans(plain, 1.0, np.random.default_rng(0))
    crossings = np.add.reduceat(np.diff(np.sign(result.samples[0])) != 0, range(0, 63_999, 1600))
    growth = np.diff(crossings / 0.2)
    assert np.quantile(abs(growth), 0.9) > 4 * np.quantile(abs(growth), 0.3)


def test_a_tone_falls_until_it_stands() -> None:
    result = tape_stops(tone(330, 4), 1.0, np.random.default_rng(0))
    assert band(result, 60, 250) > 0.3 * band(result, 250, 345)
    assert band(tone(330, 4), 60, 250) < 0.01 * band(tone(330, 4), 250, 345)
    quiet = [loudness(result, k / 20, (k + 1) / 20) for k in range(80)]
    assert min(quiet) < 0.2 * max(quiet)
