"""Tones become strokes, another mode's steps, or ornaments."""

import numpy as np

from rebracket.segment.operations.notes.ontological import (
    STROKES,
    made_ornament,
    made_percussion,
    mode_exchanged,
)
from tests.segment.operations.notes.material import line, piece, voice

SCALE = piece(line([60, 62, 64, 65, 67, 69, 71, 72] * 2))


def test_a_scale_becomes_strokes_that_rise_with_it() -> None:
    result = made_percussion(SCALE, 1.0, np.random.default_rng(0))
    assert result.drum.all()
    assert set(result.pitch.tolist()) <= set(STROKES)
    assert (np.diff(result.pitch[:8]) >= 0).all()
    assert result.duration.max() <= 0.25


def test_a_major_scale_turns_phrygian_on_its_tonic() -> None:
    result = mode_exchanged(SCALE, 1.0, np.random.default_rng(0))
    assert result.pitch[:8].tolist() == [60, 61, 63, 65, 67, 68, 70, 72]


def test_a_tone_becomes_a_shake_in_the_time_that_it_had() -> None:
    tone = piece(line([60], step=4.0))
    result = made_ornament(tone, 1.0, np.random.default_rng(0))
    assert len(result) > 20
    lower, upper = sorted(set(result.pitch.tolist()))
    assert lower == 60
    assert upper in {61, 62}
    assert [pitch for _, pitch in voice(result, 0)][:4] == [lower, upper, lower, upper]
    assert abs(result.duration.sum() - 4) < 1e-9


def test_a_quick_note_stays_what_it_was() -> None:
    quick = piece(line([60, 62, 64, 65], step=0.25))
    result = made_ornament(quick, 1.0, np.random.default_rng(0))
    assert voice(result, 0) == voice(quick, 0)
