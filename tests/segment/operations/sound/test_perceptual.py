"""Figure and ground change places."""

import numpy as np

from rebracket.segment.operations.sound.perceptual import noise_figure, open_gaps, spectral_hole
from rebracket.segment.sound import Sound
from tests.segment.operations.sound.material import band, loudness, strokes, tone


def test_noise_moves_as_the_tones_did() -> None:
    pulse = (np.arange(64_000) // 8_000 % 2)[None].astype(np.float32)
    result = noise_figure(
        Sound(tone(330, 4).samples * pulse, 16_000), 1.0, np.random.default_rng(0)
    )
    assert band(result, 1500, 8000) > band(result, 300, 1050)
    assert loudness(result, 0.6, 0.9) > 5 * loudness(result, 0.1, 0.4)


def test_quiet_moments_become_the_loud_ones() -> None:
    plain = strokes([0.0, 1.0, 2.0, 3.0], 4.0, decay=5)
    result = open_gaps(plain, 1.0, np.random.default_rng(0))
    for start in range(1, 4):
        assert loudness(plain, start, start + 0.2) > 5 * loudness(plain, start + 0.6, start + 0.9)
        assert loudness(result, start, start + 0.2) < loudness(result, start + 0.6, start + 0.9)


def test_a_hole_opens_where_the_tune_was() -> None:
    accompaniment = strokes([0.0], 4.0, decay=0).samples * np.float32(0.3)
    plain = Sound(accompaniment + tone(600, 4).samples, 16_000)
    result = spectral_hole(plain, 1.0, np.random.default_rng(0))
    assert band(plain, 570, 630) > 3 * band(plain, 2500, 8000)
    assert band(result, 570, 630) < 0.1 * band(result, 2500, 8000)
