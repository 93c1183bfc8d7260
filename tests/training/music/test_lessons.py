"""Lessons know their answers, and are the same whoever makes them."""

from collections import Counter

import numpy as np

from rebracket.models.heads import PLAIN
from rebracket.segment.operations.notes import OPERATIONS
from rebracket.segment.sound import Sound
from rebracket.training.music.lessons import (
    FAINTEST,
    LONGEST_S,
    PLAIN_SHARE,
    SHORTEST_S,
    Repertoire,
    lesson,
    sound_lesson,
)
from tests.training.music.tunes import chorale

REPERTOIRE = Repertoire([chorale(12), chorale(30)])


def test_a_quarter_stays_plain_and_the_rest_is_of_all_operations() -> None:
    rng = np.random.default_rng(3)
    found = [lesson(chorale(), OPERATIONS, rng) for _ in range(1200)]
    counts = Counter(item.kind for item in found)
    assert abs(counts[PLAIN] / len(found) - PLAIN_SHARE) < 0.05
    assert set(counts) == {*range(len(OPERATIONS)), PLAIN}
    assert all(item.intensity == 0 for item in found if item.kind == PLAIN)
    assert min(item.intensity for item in found if item.kind != PLAIN) >= FAINTEST


def test_a_lesson_is_the_same_after_whichever_others() -> None:
    REPERTOIRE.notes_lesson(7, 0)
    one, again = REPERTOIRE.notes_lesson(7, 5), REPERTOIRE.notes_lesson(7, 5)
    assert (one.kind, one.intensity) == (again.kind, again.intensity)
    assert np.array_equal(one.material.pitch, again.material.pitch)


def test_a_lesson_in_sound_is_some_seconds_of_a_take() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (2, 9 * 16_000)).astype(np.float32)
    channels = set()
    for number in range(30):
        made = sound_lesson(Sound(noise, 16_000), 1, number)
        assert SHORTEST_S * 0.9 <= made.material.seconds <= LONGEST_S * 1.1
        channels.add(len(made.material.samples))
    assert channels == {1, 2}
