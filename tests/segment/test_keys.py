"""Keys are known by their names, and by the notes that are in them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rebracket.notation import KEYS
from rebracket.segment.keys import SCALES, find_key, scale_share
from rebracket.segment.notes import Notes
from tests.segment.operations.notes.material import DRUMS, Row, beat, line, piece

MAJOR, MINOR = ((0, 4, 7), (0, 3, 7))
PROFILES = (
    (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
)
keys = pytest.mark.parametrize("key", range(24), ids=lambda key: KEYS[key])


def scale(key: int) -> list[Row]:
    """Up from the tonic to the octave, which lasts longer."""
    tonic = 60 + key % 12
    steps = SCALES[key // 12]
    return [
        *line([tonic + step for step in steps]),
        (float(len(steps)), 3.0, tonic + 12, 80, 0, False, 0),
    ]


def cadence(key: int) -> list[Row]:
    """Tonic, subdominant, dominant with its leading tone, tonic."""
    tonic, own = 48 + key % 12, (MAJOR, MINOR)[key // 12]
    chords = [(0, own), (5, own), (7, MAJOR), (0, own)]
    return [
        (float(2 * index), 2.0, tonic + root + step, 80, 0, False, 0)
        for index, (root, chord) in enumerate(chords)
        for step in chord
    ]


durations = st.lists(st.tuples(st.integers(24, 96), st.integers(1, 8)), min_size=1, max_size=30)


def fits(notes: Notes) -> dict[int, float]:
    """How well each key fits, the slow way: 0 where all tones are alike."""
    lasting = [float(notes.duration[notes.pitch % 12 == tone].sum()) for tone in range(12)]
    if len(set(lasting)) == 1:
        return dict.fromkeys(range(24), 0.0)
    return {
        key: float(
            np.corrcoef(lasting[key % 12 :] + lasting[: key % 12], PROFILES[key // 12])[0, 1]
        )
        for key in range(24)
    }


def tones(pitches: Sequence[int]) -> Notes:
    return piece(line(pitches))


class TestFinding:
    @keys
    def test_a_scale_is_in_its_key(self, key: int) -> None:
        assert find_key(piece(scale(key))) == key

    @keys
    def test_a_cadence_is_in_its_key(self, key: int) -> None:
        assert find_key(piece(cadence(key))) == key

    def test_long_tones_count_more_than_many(self) -> None:
        held = [(0.0, 32.0, 60 + step, 80, 0, False, 0) for step in MAJOR]
        passing = line([61, 63, 66, 68, 70] * 8, step=0.1)
        assert find_key(piece([*held, *passing])) == 0

    def test_octaves_make_no_difference(self) -> None:
        rows = [
            (onset, last, pitch % 12 + 12 * (index % 9), *rest)
            for index, (onset, last, pitch, *rest) in enumerate(cadence(9))
        ]
        assert find_key(piece(rows)) == 9  # type: ignore[arg-type]

    def test_drums_are_in_no_key(self) -> None:
        assert find_key(DRUMS) is None
        assert find_key(piece([*scale(14), *beat(64.0, track=1)])) == 14

    def test_all_tones_alike_are_in_no_key(self) -> None:
        assert find_key(tones(range(60, 72))) is None

    @given(durations, st.integers(-12, 12))
    def test_the_key_is_the_one_that_fits_best_and_moves_with_the_notes(
        self, played: list[tuple[int, int]], steps: int
    ) -> None:
        notes = piece([(0.0, last / 4, pitch, 80, 0, False, 0) for pitch, last in played])
        best, second = sorted(fits(notes).items(), key=lambda item: -item[1])[:2]
        assume(best[1] - second[1] > 1e-9)
        key = best[0]
        assert find_key(notes) == key
        moved = replace(notes, pitch=notes.pitch + np.int16(steps))
        assert find_key(moved) == (key + steps) % 12 + key // 12 * 12


class TestScaleShare:
    @keys
    def test_a_scale_is_all_in_one(self, key: int) -> None:
        assert scale_share(piece(scale(key))) == 1.0

    def test_every_note_counts_once_however_long(self) -> None:
        strange = (4.0, 50.0, 61, 80, 0, False, 0)
        assert scale_share(piece([*line([60, 62, 64]), strange])) == 0.75

    def test_of_all_tones_a_scale_has_seven(self) -> None:
        assert scale_share(tones(range(60, 72))) == pytest.approx(7 / 12)

    def test_drums_do_not_count(self) -> None:
        assert scale_share(piece([*scale(0), *beat(32.0, track=1)])) == 1.0
        assert scale_share(DRUMS) == 0.0

    @given(st.lists(st.integers(20, 100), min_size=1, max_size=40), st.integers(-12, 12))
    def test_transposition_changes_nothing(self, pitches: list[int], steps: int) -> None:
        moved = tones([pitch + steps for pitch in pitches])
        assert scale_share(moved) == scale_share(tones(pitches))
