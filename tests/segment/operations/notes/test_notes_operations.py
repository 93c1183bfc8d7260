"""What holds for every operation on notes."""

from collections import Counter
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebracket.segment.notes import Notes
from rebracket.segment.operations.notes import OPERATIONS
from rebracket.segment.operations.operation import Operation
from rebracket.taxonomy import TYPES
from tests.segment.operations.notes.material import (
    COLUMNS,
    FOUR,
    ONE,
    PIECES,
    Row,
    changed,
    check,
    line,
    piece,
    rows_of,
)

TOLERANCE = 0.01
"""How far the share of changed notes may fall: one that is dropped had, fainter, counted twice."""

each = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
every = pytest.mark.parametrize("name", PIECES)


def rebracketed(
    operation: Operation[Notes], notes: Notes, intensity: float, seed: int = 5
) -> Notes:
    return operation.apply(notes, intensity, np.random.default_rng(seed))


def test_there_are_three_operations_of_each_type_in_their_order_with_names_of_their_own() -> None:
    assert [operation.type for operation in OPERATIONS[::3]] == list(TYPES)
    assert Counter(operation.type for operation in OPERATIONS) == dict.fromkeys(TYPES, 3)
    assert len({operation.name for operation in OPERATIONS}) == 24


def test_the_columns_that_are_compared_are_all_there_are() -> None:
    assert {*COLUMNS, "length", "tempos", "meters"} == {field.name for field in fields(Notes)}


@each
def test_nothing_happens_at_intensity_0(operation: Operation[Notes]) -> None:
    assert rebracketed(operation, FOUR, 0.0) is FOUR


@each
def test_the_input_is_left_alone(operation: Operation[Notes]) -> None:
    before = {name: getattr(FOUR, name).copy() for name in COLUMNS}
    rebracketed(operation, FOUR, 0.8)
    for name, column in before.items():
        np.testing.assert_array_equal(getattr(FOUR, name), column)


@each
def test_the_same_random_numbers_give_the_same_notes(operation: Operation[Notes]) -> None:
    first, again = (rebracketed(operation, FOUR, 0.6) for _ in range(2))
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))


@each
def test_other_random_numbers_give_other_notes(operation: Operation[Notes]) -> None:
    results = [rebracketed(operation, FOUR, 0.6, seed) for seed in range(4)]
    assert any(rows_of(results[0]) != rows_of(other) for other in results[1:])


@each
@every
@pytest.mark.parametrize("intensity", [0.05, 0.5, 1.0])
def test_every_kind_of_piece_stays_a_piece_as_long_as_it_was(
    operation: Operation[Notes], name: str, intensity: float
) -> None:
    for seed in range(3):
        check(rebracketed(operation, PIECES[name], intensity, seed), of=PIECES[name])


@each
@every
def test_more_changes_the_higher_the_intensity(operation: Operation[Notes], name: str) -> None:
    notes = PIECES[name]
    for seed in range(3):
        hint, clear, all_of_it = (
            changed(notes, rebracketed(operation, notes, intensity, seed))
            for intensity in (0.2, 0.5, 1.0)
        )
        assert hint <= clear + TOLERANCE
        assert clear <= all_of_it + TOLERANCE


@each
@pytest.mark.parametrize("notes", [FOUR, ONE], ids=["four voices", "one voice"])
def test_a_hint_is_there_and_full_intensity_is_far_more(
    operation: Operation[Notes], notes: Notes
) -> None:
    faint, full = (changed(notes, rebracketed(operation, notes, i)) for i in (0.2, 1.0))
    assert faint > 0.01
    assert full > 0.15


def rows(length: float) -> st.SearchStrategy[Row]:
    """A note of at least 1/64, anywhere in a piece."""
    onset = st.one_of(st.integers(0, int(4 * length) - 1).map(lambda k: k / 4), st.floats(0, 0.98))
    return st.builds(
        lambda begin, last, *rest: (begin, min(last, length - begin), *rest),
        onset.map(lambda begin: min(begin, length - 1 / 64)),
        st.sampled_from([1 / 64, 0.1, 0.25, 0.5, 1.0, 4.0, 60.0]),
        st.integers(0, 127),
        st.integers(1, 127),
        st.integers(0, 127),
        st.just(False),
        st.integers(0, 3),
    )


@st.composite
def pieces(draw: st.DrawFn) -> Notes:
    """Small pieces of up to four voices, sometimes with a drummer, of any meters."""
    length = draw(st.sampled_from([1.0, 2.5, 7.0, 16.0, 40.0]))
    found = draw(st.lists(rows(length), min_size=1, max_size=24))
    drummer = draw(st.booleans())
    meters = draw(
        st.sampled_from(
            [((0.0, 4, 4),), ((0.0, 5, 8),), ((0.0, 12, 2),), ((0.0, 3, 4), (3.0, 1, 8))]
        )
    )
    if drummer:
        found += [(length * third, 0.25, 36, 90, 0, True, 4) for third in (1 / 3, 2 / 3)]
    return piece(found, length, meters)


@settings(max_examples=250)
@given(
    number=st.integers(0, len(OPERATIONS) - 1),
    notes=pieces(),
    intensity=st.floats(0, 1),
    seed=st.integers(0, 2**32),
)
def test_any_piece_intensity_and_seed_gives_a_piece(
    number: int, notes: Notes, intensity: float, seed: int
) -> None:
    result = rebracketed(OPERATIONS[number], notes, intensity, seed)
    if intensity:
        check(result, of=notes)
    else:
        assert result is notes


@pytest.mark.parametrize("name", ["retold", "registers exchanged"])
def test_a_bass_under_a_drummers_cymbal_is_the_tune(name: str) -> None:
    bass = line([30, 32, 34, 36], program=32)
    cymbal = [(float(beat), 0.1, 42, 80, 0, True, 1) for beat in range(4)]
    operation = next(operation for operation in OPERATIONS if operation.name == name)
    notes = piece([*bass, *cymbal])
    check(rebracketed(operation, notes, 1.0), of=notes)
