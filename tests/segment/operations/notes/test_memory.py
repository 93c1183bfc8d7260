"""What was played returns with gaps, fades and goes wrong."""

import numpy as np

from rebracket.segment.operations.notes.memory import blurred, forgotten, returns
from tests.segment.operations.notes.material import line, piece, voice

TUNE = piece(line(list(range(48, 96))))
"""Twelve bars that have no tone in common."""


def test_an_earlier_bar_comes_back_with_gaps_and_fainter_each_time() -> None:
    result = returns(TUNE, 1.0, np.random.default_rng(0))
    source = min(onset // 4 for onset, pitch in voice(result, 0) if pitch != 48 + onset) - 1
    recalled = result.onset >= 4 * (source + 1)
    tones = {48 + int(4 * source) + step for step in range(4)}
    assert set(result.pitch[recalled].tolist()) <= tones
    loudness = result.velocity[recalled]
    assert (np.diff(loudness) <= 0).all()
    assert loudness[-1] < 40
    assert recalled.sum() < (TUNE.onset >= 4 * (source + 1)).sum()


def test_the_end_is_forgotten_more_than_the_beginning() -> None:
    result = forgotten(TUNE, 1.0, np.random.default_rng(0))
    assert set(voice(result, 0)) <= set(voice(TUNE, 0))
    late = result.onset >= 24
    assert late.sum() < (~late).sum()
    assert (np.diff(result.velocity) <= 0).all()
    assert result.onset[0] == 0


def test_blurred_notes_are_near_what_they_were() -> None:
    result = blurred(TUNE, 0.6, np.random.default_rng(0))
    assert len(result) == len(TUNE)
    nearest = np.abs(result.onset[:, None] - TUNE.onset).min(axis=1)
    assert 0 < nearest.max() < 0.5
    wrong = np.array([pitch not in TUNE.pitch[[k]] for k, pitch in enumerate(result.pitch)])
    assert 0 < wrong.sum() < len(TUNE) / 2
    assert np.abs(result.pitch - TUNE.pitch).max() <= 3
    assert result.velocity.mean() < TUNE.velocity.mean()
