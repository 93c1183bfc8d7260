"""A roll shows where notes are, and which of them an operation changed."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from rebracket.segment.gallery.roll import HEIGHT, WIDTH, compared, piano_roll
from rebracket.segment.notes import Notes
from rebracket.segment.operations.notes import OPERATIONS
from rebracket.segment.operations.notes.tools import take
from rebracket.segment.operations.operation import Operation
from tests.segment.operations.notes.material import FOUR, PIECES, line, piece

TUNE = piece(line([60, 62, 64, 65]))


def kinds(plain: Notes, changed: Notes) -> dict[str, list[int]]:
    """The pitches of each kind of mark."""
    found: dict[str, list[int]] = {}
    for mark in compared(plain, changed):
        found.setdefault(mark.kind, []).append(mark.place[2])
    return found


def test_what_did_not_change_is_kept() -> None:
    assert kinds(TUNE, TUNE) == {"kept": [60, 62, 64, 65]}


def test_a_note_at_another_pitch_is_gone_and_new() -> None:
    moved = piece(line([60, 74, 64, 65]))
    assert kinds(TUNE, moved) == {"gone": [62], "kept": [60, 64, 65], "new": [74]}


@pytest.mark.parametrize("other", [{"velocity": 20}, {"track": 3}, {"program": 5}])
def test_a_note_in_its_place_by_another_voice_is_altered(other: dict[str, int]) -> None:
    rows = [*line([60, 62, 64]), *line([65], start=3.0, **other)]
    assert kinds(TUNE, piece(rows)) == {"kept": [60, 62, 64], "altered": [65]}


def test_of_two_notes_in_one_place_one_may_go() -> None:
    both = piece([*line([60]), *line([60], track=1)])
    assert kinds(both, take(both, np.array([0]))) == {"gone": [60], "kept": [60]}
    assert kinds(take(both, np.array([0])), both) == {"kept": [60], "new": [60]}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_note_is_marked_once_and_none_is_kept_that_is_not_the_same(
    operation: Operation[Notes],
) -> None:
    changed = operation.apply(FOUR, 0.8, np.random.default_rng(0))
    marks = kinds(FOUR, changed)
    assert len(marks.pop("gone", [])) + len(marks.get("kept", [])) <= len(FOUR)
    assert sum(map(len, marks.values())) == len(changed)


@pytest.mark.parametrize("name", PIECES)
def test_all_that_is_drawn_is_within_the_picture(name: str) -> None:
    svg = ElementTree.fromstring(piano_roll(PIECES[name], FOUR, name))  # noqa: S314 - our own
    shapes = svg.findall("rect")
    assert len(shapes) >= len(FOUR)
    for shape in shapes:
        x, y, width, height = (float(shape.get(k, "")) for k in ("x", "y", "width", "height"))
        assert 0 <= x <= x + width <= WIDTH + 2
        assert 0 <= y <= y + height <= HEIGHT


def test_higher_notes_are_above_lower_ones_and_louder_ones_less_transparent() -> None:
    rows = [*line([60], velocity=127), *line([72], start=1.0, velocity=10)]
    low, high = ElementTree.fromstring(piano_roll(piece(rows), piece(rows), "")).findall("rect")  # noqa: S314
    assert float(high.get("y", "")) < float(low.get("y", ""))
    assert float(high.get("x", "")) == WIDTH / 2
    assert low.get("fill-opacity") == "1.00"
    assert float(high.get("fill-opacity", "")) < 0.5


def test_there_is_a_line_at_each_barline() -> None:
    svg = piano_roll(PIECES["changing meters"], FOUR, "")
    assert len(re.findall("<line", svg)) == 2 + 2 + 4


def test_the_title_is_escaped() -> None:
    svg = piano_roll(TUNE, TUNE, '<b> & "c"')
    assert "<b>" not in svg
    assert ElementTree.fromstring(svg).get("aria-label") == '<b> & "c"'  # noqa: S314
