"""Someone else has the word, and the music again."""

import numpy as np

from rebracket.segment.operations.sound.narrative import cut_away, radio_frame, retold
from rebracket.segment.operations.sound.tellers import SOURCES
from rebracket.segment.sound import Sound
from tests.segment.operations.sound.material import band, strokes, tune


def likeness(first: Sound, second: Sound) -> list[float]:
    """The correlation of each tenth of a second."""
    a, b = (sound.samples[0].reshape(-1, 1600) for sound in (first, second))
    alike = (a * b).sum(axis=1) / np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1) + 1e-9)
    return [float(one) for one in alike]


def test_the_music_is_cut_and_comes_back_as_it_was() -> None:
    for operation in (cut_away, retold):
        plain = tune(8.0)
        alike = np.array(likeness(plain, operation(plain, 1.0, np.random.default_rng(2))))
        assert (alike > 0.999).mean() > 0.2
        assert (abs(alike) < 0.7).mean() > 0.3


def test_beginning_and_end_come_from_a_small_radio() -> None:
    plain = strokes([0.0], 8.0, decay=0)
    result = radio_frame(plain, 0.5, np.random.default_rng(0))
    start, end = (
        Sound(result.samples[:, part], 16_000) for part in (slice(8000), slice(-8000, None))
    )
    for part in (start, end):
        assert band(part, 4500, 8000) < 0.6 * band(
            Sound(plain.samples[:, :8000], 16_000), 4500, 8000
        )
    assert max(likeness(plain, result)) > 0.999


def test_every_other_source_is_heard_at_any_length() -> None:
    for source in SOURCES:
        for count in (800, 32_000):
            samples = source(count, 16_000, np.random.default_rng(3))
            assert samples.shape == (1, count)
            assert np.isfinite(samples).all()
            assert samples.std() > 0
