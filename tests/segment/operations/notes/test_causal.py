"""What follows comes before what brings it about."""

import numpy as np

from rebracket.segment.operations.notes.causal import answer_first, resolution_first, triggered
from tests.segment.operations.notes.material import line, piece, voice

TUNE = piece(line([60, 62, 64, 67] * 4))


def test_an_answer_comes_before_its_call_and_is_fainter() -> None:
    result = answer_first(TUNE, 1.0, np.random.default_rng(0))
    calls, answers = voice(result, 0), voice(result, 1)
    assert calls == voice(TUNE, 0)
    assert {pitch for _, pitch in answers} == {60, 62, 64, 67}
    loudest = result.velocity[result.track == 1].max()
    assert loudest < result.velocity[result.track == 0].min()


def test_every_answer_has_a_call_as_much_later_as_the_others() -> None:
    for seed in range(4):
        result = answer_first(TUNE, 1.0, np.random.default_rng(seed))
        calls, answers = set(voice(result, 0)), voice(result, 1)
        waits = (0.5, 1.0, 1.5)
        assert any(all((o + wait, p) in calls for o, p in answers) for wait in waits)


def test_a_bars_last_tone_resolves_at_its_beginning_what_then_leans_on_it() -> None:
    result = resolution_first(TUNE, 1.0, np.random.default_rng(0))
    first = [(o, p) for o, p in voice(result, 0) if o < 4]
    assert first == [(0.0, 67), (2.0, 61), (2.5, 63), (3.0, 65)]


def test_a_low_stroke_sets_off_each_tone_which_comes_after_its_time() -> None:
    result = triggered(TUNE, 1.0, np.random.default_rng(0))
    strokes, tones = voice(result, 1), voice(result, 0)
    assert [onset for onset, _ in strokes] == TUNE.onset.tolist()
    for (before, low), (after, tone) in zip(strokes, tones, strict=True):
        assert before < after < before + 0.5
        assert low < tone - 12
    assert (result.duration[result.track == 1] < 0.2).all()
