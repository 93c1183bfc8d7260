"""Lessons are some bars as tokens, with what they are, the same whoever makes them."""

from collections import Counter
from itertools import accumulate

import numpy as np
import pytest
from numpy.typing import NDArray

from rebracket.notation import KEYS, METERS
from rebracket.segment.tokens import VOCABULARY, Staff, encode_all
from rebracket.segment.tokens.condition import CONDITION
from rebracket.segment.tokens.vocabulary import BAR, DURATION, END, POSITION, TICKS
from rebracket.taxonomy import TYPES
from rebracket.training.generator.lessons import (
    FEWEST_BARS,
    FEWEST_NOTES,
    MOST_BARS,
    MOST_NOTES,
    MOST_TOKENS,
    PLAIN_SHARE,
    TWOFOLD_SHARE,
    Lesson,
    lesson,
    lessons,
    places,
    rebracketed,
    some_bars,
)
from rebracket.training.music.lessons import FAINTEST, Repertoire, seeded
from tests.segment.operations.notes.material import line, piece, rows_of
from tests.segment.promises import check_notes
from tests.training.music.tunes import chorale

REPERTOIRE = Repertoire([chorale(12), chorale(30)])
TYPE, _, TOLD, KEY, METER = accumulate([0, len(TYPES), len(TYPES), 2, len(KEYS)])


@pytest.fixture(scope="module")
def some() -> list[Lesson]:
    return [lesson(REPERTOIRE, 3, number) for number in range(120)]


def meter_of(found: Lesson) -> tuple[int, int]:
    """The meter that a lesson says."""
    (which,) = found.condition[METER:].nonzero()[0].tolist()
    return METERS[which]


def bar_ticks(found: Lesson) -> int:
    over, under = meter_of(found)
    return over * 4 * TICKS // under


def alike(one: Lesson, other: Lesson) -> bool:
    columns: list[tuple[NDArray[np.generic], NDArray[np.generic]]] = [
        (one.tokens, other.tokens),
        (one.places, other.places),
        (one.condition, other.condition),
    ]
    return all(np.array_equal(a, b) for a, b in columns)


class TestLesson:
    def test_it_is_the_same_after_whichever_others(self, some: list[Lesson]) -> None:
        assert alike(lesson(REPERTOIRE, 3, 7), some[7])
        assert not alike(lesson(REPERTOIRE, 4, 7), some[7])
        assert not alike(some[6], some[7])

    def test_tokens_are_a_piece_from_its_first_bar_to_its_end(self, some: list[Lesson]) -> None:
        for found in some:
            tokens = found.tokens.tolist()
            assert (tokens[0], tokens[-1], tokens.count(END)) == (BAR, END, 1)
            assert 0 < min(tokens) <= max(tokens) < VOCABULARY
            assert len(tokens) <= MOST_TOKENS
            assert tokens.count(BAR) >= FEWEST_BARS

    def test_places_are_as_the_staff_says(self, some: list[Lesson]) -> None:
        for found in some[:20]:
            staff = Staff(found.tokens.tolist().count(BAR), bar_ticks(found))
            for token, place in zip(found.tokens.tolist(), found.places.tolist(), strict=True):
                staff.take(token)
                assert staff.place() == place

    def test_it_says_its_meter(self, some: list[Lesson]) -> None:
        assert {meter_of(found) for found in some} == {(4, 4), (2, 4), (2, 2)}
        for found in some:
            positions = found.tokens[(found.tokens >= POSITION) & (found.tokens < DURATION)]
            assert (positions < POSITION + bar_ticks(found)).all()

    def test_it_says_its_type_and_intensity_or_none_of_both(self, some: list[Lesson]) -> None:
        for found in some:
            assert found.condition.shape == (CONDITION,)
            told, strength = found.condition[TOLD : TOLD + 2].tolist()
            if strength:
                assert told == 1
                assert FAINTEST <= strength <= 1
                assert found.condition[: TYPE + len(TYPES)].sum() == pytest.approx(1.0)
            else:
                assert not found.condition[: len(TYPES)].any()

    def test_some_say_no_type_and_some_no_key(self, some: list[Lesson]) -> None:
        untold = np.mean([found.condition[TOLD] == 0 for found in some])
        keyless = np.mean([not found.condition[KEY:METER].any() for found in some])
        assert 0.02 < untold < 0.25
        assert 0.15 < keyless < 0.5

    def test_all_types_come(self, some: list[Lesson]) -> None:
        assert (np.sum([found.condition[: len(TYPES)] for found in some], axis=0) > 0).all()

    def test_it_fits_its_numbers(self, some: list[Lesson]) -> None:
        kinds = {(x.tokens.dtype, x.places.dtype, x.condition.dtype) for x in some}
        assert kinds == {(np.dtype(np.int16), np.dtype(np.int16), np.dtype(np.float32))}

    def test_all_cores_make_them_in_order(self, some: list[Lesson]) -> None:
        found = list(lessons(REPERTOIRE, 3, 4))
        assert len(found) == 4
        assert all(alike(one, other) for one, other in zip(found, some, strict=False))


class TestBars:
    def test_they_are_whole_bars_of_one_meter_with_enough_notes(self) -> None:
        lengths = Counter[int]()
        for number in range(60):
            part = some_bars(REPERTOIRE, seeded(1, number))
            ((start, over, under),) = part.meters
            bars = part.length / (over * 4 / under)
            assert start == 0.0
            assert bars == int(bars)
            assert FEWEST_BARS <= bars <= MOST_BARS
            assert FEWEST_NOTES <= len(part) <= MOST_NOTES
            check_notes(part)
            lengths[int(bars)] += 1
        assert len(lengths) > 8

    def test_they_do_not_go_over_a_change_of_meter(self) -> None:
        rows = [*line([60] * 32), *line([72] * 36, start=32.0)]
        both = piece(rows, meters=((0.0, 4, 4), (32.0, 3, 4)))
        found = [some_bars(Repertoire([both]), seeded(2, number)) for number in range(40)]
        assert all(len(set(part.pitch.tolist())) == 1 for part in found)
        assert {part.meters[0][1:] for part in found} >= {(4, 4), (3, 4)}

    def test_bars_of_meters_that_the_generator_does_not_know_are_left_out(self) -> None:
        strange = piece(line([60] * 100), meters=((0.0, 5, 4),))
        repertoire = Repertoire([strange, chorale(12)])
        for number in range(20):
            assert some_bars(repertoire, seeded(3, number)).meters[0][1:] in METERS


class TestRebracketing:
    def test_some_stay_plain_some_are_of_one_type_and_some_of_two(self) -> None:
        plain = chorale(4)
        found = [rebracketed(plain, seeded(4, number)) for number in range(600)]
        counts = Counter(len(mixture) for _, mixture, _ in found)
        assert abs(counts[0] / 600 - PLAIN_SHARE) < 0.05
        assert abs(counts[2] / 600 - TWOFOLD_SHARE) < 0.04
        assert set(counts) == {0, 1, 2}
        assert {kind for _, mixture, _ in found for kind in mixture} == set(TYPES)

    def test_what_is_told_is_what_was_done(self) -> None:
        plain = chorale(4)
        for number in range(100):
            changed, mixture, intensity = rebracketed(plain, seeded(5, number))
            assert intensity == max(mixture.values(), default=0.0)
            assert all(FAINTEST <= strength <= 1 for strength in mixture.values())
            assert (rows_of(changed) == rows_of(plain)) == (not mixture)


def test_all_whole_bars_become_tokens() -> None:
    tokens, staff = encode_all(chorale(5))
    assert tokens.count(BAR) == staff.bars == 5
    assert rows_of(staff.notes()).keys() >= {(0.0, 1.0, 48.0, 84.0, 0.0, 0.0, 0.0)}
    assert len(staff.notes()) == len(chorale(5))


def test_there_is_a_place_for_each_token() -> None:
    tokens, staff = encode_all(chorale(2))
    found = places(tokens, staff)
    assert found.shape == (len(tokens), len(Staff(1, 96).place()))
    assert found[-2].tolist() == found[-1].tolist() == staff.place()
