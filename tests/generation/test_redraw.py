"""A piece is redrawn by the operations of what was asked, the same each time."""

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.random import Generator

from rebracket.generation import redraw as module
from rebracket.generation.compose import Abandoned
from rebracket.generation.redraw import redraw
from rebracket.segment.notes import Notes
from rebracket.segment.operations.operation import Operation
from rebracket.taxonomy import TYPES, RebracketingType
from tests.segment.operations.notes.material import FOUR, check, rows_of

MEMORY, SPATIAL = RebracketingType.MEMORY, RebracketingType.SPATIAL
Applied = tuple[str, float]


@pytest.fixture
def applied(monkeypatch: pytest.MonkeyPatch) -> list[Applied]:
    """Operations that leave notes as they are and say that they were applied, and how strongly."""
    found: list[Applied] = []

    def noted(name: str) -> Operation[Notes]:
        def change(notes: Notes, intensity: float, _: Generator) -> Notes:
            found.append((name, intensity))
            return notes

        return Operation(RebracketingType(name.split(maxsplit=1)[0]), name, change)

    operations = tuple(noted(f"{kind} {number}") for kind in TYPES for number in range(3))
    monkeypatch.setattr(module, "OPERATIONS", operations)
    return found


def redrawn(
    mixture: Mapping[RebracketingType, float], *, seed: int = 5, pieces: int = 4
) -> list[Notes]:
    return redraw(FOUR, mixture, 0.8, seed=seed, pieces=pieces)


@pytest.mark.parametrize("seed", range(5))
def test_pieces_take_a_types_operations_in_turn(applied: list[Applied], seed: int) -> None:
    redrawn({MEMORY: 1.0}, seed=seed, pieces=6)
    names = [name for name, _ in applied]
    assert sorted(names[:3]) == ["memory 0", "memory 1", "memory 2"]
    assert names[3:] == names[:3]


def test_which_operation_comes_first_is_drawn(applied: list[Applied]) -> None:
    for seed in range(20):
        redrawn({MEMORY: 1.0}, seed=seed, pieces=1)
    assert len(set(applied)) == 3


def test_all_types_of_a_mixture_are_applied_the_heaviest_first(applied: list[Applied]) -> None:
    redrawn({SPATIAL: 0.25, MEMORY: 0.75}, pieces=1)
    assert [name.split()[0] for name, _ in applied] == ["memory", "spatial"]
    assert [strength for _, strength in applied] == pytest.approx([0.8, 0.8 / 3])


@pytest.mark.parametrize("kind", TYPES)
def test_every_piece_is_changed_and_a_piece(kind: RebracketingType) -> None:
    for notes in redrawn({kind: 1.0}, pieces=3):
        check(notes, FOUR)
        assert rows_of(notes) != rows_of(FOUR)


def test_a_mixture_is_not_either_of_its_types() -> None:
    both = rows_of(redrawn({MEMORY: 0.6, SPATIAL: 0.4}, pieces=1)[0])
    for kind in (MEMORY, SPATIAL):
        assert both != rows_of(redrawn({kind: 1.0}, pieces=1)[0])


def test_the_same_seed_gives_the_same_notes() -> None:
    one, same, other = (redrawn({MEMORY: 1.0}, seed=seed) for seed in (1, 1, 2))
    assert [rows_of(notes) for notes in one] == [rows_of(notes) for notes in same]
    assert [rows_of(notes) for notes in one] != [rows_of(notes) for notes in other]


def test_a_piece_is_the_same_whatever_number_of_others_there_is() -> None:
    one, many = redrawn({MEMORY: 1.0}, pieces=1), redrawn({MEMORY: 1.0}, pieces=5)
    assert rows_of(one[0]) == rows_of(many[0])


def test_pieces_by_the_same_operation_are_not_the_same() -> None:
    found = redrawn({SPATIAL: 1.0}, pieces=7)
    assert any(rows_of(found[k]) != rows_of(found[k + 3]) for k in range(4))


def test_without_intensity_nothing_changes() -> None:
    for notes in redraw(FOUR, {MEMORY: 1.0}, 0.0, seed=1, pieces=3):
        assert rows_of(notes) == rows_of(FOUR)


def test_what_nobody_waits_for_is_abandoned(applied: list[Applied]) -> None:
    asked = iter([True, True, False])
    with pytest.raises(Abandoned):
        redraw(FOUR, {MEMORY: 1.0}, 0.8, seed=1, pieces=9, wanted=lambda: next(asked))
    assert len(applied) == 2


def test_the_piece_that_is_redrawn_stays_as_it_is() -> None:
    before = {name: getattr(FOUR, name).copy() for name in ("onset", "duration", "pitch")}
    redrawn(dict.fromkeys(TYPES, 1 / 8))
    for name, column in before.items():
        np.testing.assert_array_equal(getattr(FOUR, name), column)
