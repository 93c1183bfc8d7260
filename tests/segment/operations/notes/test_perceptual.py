"""Figure and ground exchange their places."""

import numpy as np

from rebracket.segment.operations.notes.perceptual import (
    dynamics_exchanged,
    rests_exchanged,
    under_noise,
)
from tests.segment.operations.notes.material import line, piece

TUNE, GROUND = line([72, 74, 76, 77] * 4, velocity=100), line([48] * 16, velocity=60, track=1)
BOTH = piece([*TUNE, *GROUND])


def test_the_accompaniment_comes_forward_and_the_tune_recedes() -> None:
    result = dynamics_exchanged(BOTH, 1.0, np.random.default_rng(0))
    tune, ground = (result.velocity[result.track == track] for track in (0, 1))
    assert tune.max() < 60
    assert ground.min() > 100
    np.testing.assert_array_equal(result.pitch, BOTH.pitch)


def test_where_a_tone_lasted_another_sounds_and_the_tone_is_a_tick() -> None:
    alone = piece(TUNE)
    result = rests_exchanged(alone, 1.0, np.random.default_rng(0))
    ticks, rests = result.duration < 0.2, result.duration > 0.5
    assert ticks.sum() == rests.sum() == len(alone)
    np.testing.assert_array_equal(result.onset[ticks], alone.onset)
    assert len(set(result.pitch[rests].tolist())) == 1
    assert result.velocity[rests].min() > result.velocity[ticks].max()


def test_specks_of_noise_are_louder_than_the_piece_under_them() -> None:
    result = under_noise(BOTH, 1.0, np.random.default_rng(0))
    noise = result.track == 2
    assert noise.sum() > len(BOTH)
    assert result.velocity[noise].min() > 1.5 * result.velocity[~noise].max()
    assert len(set(result.pitch[noise].tolist())) > 20
