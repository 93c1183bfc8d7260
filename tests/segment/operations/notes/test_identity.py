"""One becomes two, or follows itself."""

import numpy as np

from rebracket.segment.operations.notes.identity import canon, doubled, hocket
from tests.segment.operations.notes.material import line, piece, voice

TUNE = piece(line([60, 62, 64, 67, 69, 67, 64, 62] * 2))


def test_in_a_hocket_two_voices_take_turns_over_one_line() -> None:
    result = hocket(TUNE, 1.0, np.random.default_rng(0))
    assert result.track.tolist() == [0, 1] * 8
    assert len(set(result.program.tolist())) == 2
    np.testing.assert_array_equal(result.pitch, TUNE.pitch)
    np.testing.assert_array_equal(result.onset, TUNE.onset)


def test_a_double_goes_in_parallel_hardly_later() -> None:
    result = doubled(TUNE, 1.0, np.random.default_rng(0))
    itself, other = voice(result, 0), voice(result, 1)
    assert itself == voice(TUNE, 0)
    assert len({there[1] - here[1] for here, there in zip(itself, other, strict=True)}) == 1
    late = [there[0] - here[0] for here, there in zip(itself, other, strict=True)]
    assert 0 < min(late) <= max(late) < 0.1


def test_a_tune_follows_itself_in_canon_as_loud_as_it_went_before() -> None:
    result = canon(TUNE, 1.0, np.random.default_rng(0))
    itself, follower = voice(result, 0), voice(result, 1)
    assert itself == voice(TUNE, 0)
    late, interval = follower[0][0] - itself[0][0], follower[0][1] - itself[0][1]
    assert late in {1.0, 2.0}
    moved = [(onset + late, pitch + interval) for onset, pitch in itself]
    assert follower == moved[: len(follower)]
    assert set(result.velocity.tolist()) == {80}
