"""Somebody else has the word: inside, around, or instead."""

import numpy as np

from rebracket.segment.operations.notes.narrative import TUNES, framed, quoted, retold
from tests.segment.operations.notes.material import FOUR, line, piece, voice

TUNE, GROUND = line([72, 74, 76, 77] * 6), line([48] * 24, track=1, program=32)
BOTH = piece([*TUNE, *GROUND])


def test_a_known_tune_is_quoted_within_on_another_instrument() -> None:
    result = quoted(BOTH, 0.8, np.random.default_rng(0))
    quote = voice(result, 2)
    steps = np.diff([pitch for _, pitch in quote])[:6]
    known = [np.diff([step for step, _ in tune])[:6] for tune in TUNES]
    assert any((steps == other).all() for other in known)
    assert not set(result.program[result.track == 2]) & {0, 32}


def test_the_piece_is_silent_while_the_quotation_lasts() -> None:
    result = quoted(BOTH, 0.8, np.random.default_rng(0))
    told = result.track == 2
    start, end = result.onset[told].min(), (result.onset + result.duration)[told].max()
    during = (result.onset[~told] > start) & (result.onset[~told] < end - 0.5)
    assert not during.any()


def test_a_frame_of_another_instrument_stands_around_the_piece() -> None:
    result = framed(BOTH, 0.6, np.random.default_rng(0))
    frame, inside = result.onset[result.track == 2], result.onset[result.track < 2]
    assert frame.min() == 0
    assert frame.max() > inside.max()
    assert not ((frame > inside.min()) & (frame < inside.max())).any()


def test_another_instrument_tells_the_tune_and_the_others_fall_silent() -> None:
    result = retold(BOTH, 1.0, np.random.default_rng(0))
    assert set(result.track.tolist()) == {2}
    told = [pitch for _, pitch in voice(result, 2)]
    away = {pitch - was for pitch, was in zip(told, [72, 74, 76, 77] * 6, strict=True)}
    assert away <= {-12, 0, 12}
    assert len(away) == 1


def test_at_a_hint_some_bars_are_still_told_by_all() -> None:
    result = retold(FOUR, 0.3, np.random.default_rng(0))
    assert {0, 1, 2, 3, 4} == set(result.track.tolist())
