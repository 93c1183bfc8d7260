"""Some bars of a piece are a piece, with the tempos and meters that hold there."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebracket.segment.bars import cut, last_bars
from rebracket.segment.notes import Notes
from tests.segment.operations.notes.material import FOUR, Meters, Row, line, piece
from tests.segment.promises import check_notes

TUNE = piece(line(range(60, 72)))
TEMPOS = ((0.0, 100.0), (4.0, 60.0), (6.0, 90.0))
METERS: Meters = ((0.0, 4, 4), (4.0, 3, 4), (10.0, 2, 4))


def tune(length: float = 12.0, meters: Meters = METERS) -> Notes:
    """A rising tone each quarter note."""
    return replace(piece(line(range(60, 72)), length, meters), tempos=TEMPOS)


class TestCut:
    def test_what_begins_from_the_start_on_and_before_the_end_is_there(self) -> None:
        part = cut(TUNE, 3.0, 6.0)
        assert part.pitch.tolist() == [63, 64, 65]
        assert part.onset.tolist() == [0.0, 1.0, 2.0]
        assert part.length == 3.0

    def test_what_began_before_is_not_there(self) -> None:
        assert cut(TUNE, 2.5, 4.0).pitch.tolist() == [63]

    def test_notes_that_last_over_the_end_end_with_it(self) -> None:
        long = piece([(0.0, 8.0, 60, 80, 0, False, 0), (3.0, 0.5, 62, 80, 0, False, 0)])
        assert cut(long, 0.0, 4.0).duration.tolist() == [4.0, 0.5]

    def test_a_note_a_hair_before_the_start_begins_with_it(self) -> None:
        near: Row = (3.0 - 1e-9, 1.0, 60, 80, 0, False, 0)
        assert cut(piece([near], 8.0), 3.0, 4.0).onset.tolist() == [0.0]
        assert len(cut(piece([near], 8.0), 0.0, 3.0)) == 0

    def test_tempos_and_meters_begin_with_what_holds_at_the_start(self) -> None:
        part = cut(tune(), 5.0, 12.0)
        assert part.tempos == ((0.0, 60.0), (1.0, 90.0))
        assert part.meters == ((0.0, 3, 4), (5.0, 2, 4))

    def test_a_change_at_the_start_holds_and_one_at_the_end_does_not(self) -> None:
        part = cut(tune(), 4.0, 10.0)
        assert part.tempos == ((0.0, 60.0), (2.0, 90.0))
        assert part.meters == ((0.0, 3, 4),)

    def test_what_is_cut_out_beyond_the_end_is_silence(self) -> None:
        part = cut(TUNE, 11.0, 20.0)
        assert part.pitch.tolist() == [71]
        assert part.length == 9.0

    def test_all_of_a_piece_is_the_piece(self) -> None:
        part = cut(tune(), 0.0, 12.0)
        np.testing.assert_array_equal(part.onset, tune().onset)
        np.testing.assert_array_equal(part.duration, tune().duration)
        assert (part.tempos, part.meters, part.length) == (TEMPOS, METERS, 12.0)

    @given(st.floats(0, 28), st.floats(1, 32))
    def test_a_part_is_as_notes_promise(self, start: float, length: float) -> None:
        notes = replace(FOUR, tempos=TEMPOS, meters=METERS)
        part = cut(notes, start, start + length)
        if len(part):
            tracks = np.unique(part.track, return_inverse=True)[1].astype(np.int16)
            check_notes(replace(part, track=tracks))
        assert (
            len(part)
            == ((notes.onset >= start - 1e-6) & (notes.onset < start + length - 1e-6)).sum()
        )

    @given(st.floats(0.5, 31.5))
    def test_two_parts_hold_all_notes_once(self, at: float) -> None:
        one, other = cut(FOUR, 0.0, at), cut(FOUR, at, FOUR.length)
        assert [*one.pitch.tolist(), *other.pitch.tolist()] == FOUR.pitch.tolist()


class TestLastBars:
    def test_a_piece_of_fewer_bars_is_all_there(self) -> None:
        part, bars = last_bars(TUNE, 16)
        assert bars == 3
        assert part.pitch.tolist() == TUNE.pitch.tolist()

    def test_of_more_bars_the_last_ones_are_there(self) -> None:
        part, bars = last_bars(TUNE, 2)
        assert bars == 2
        assert part.pitch.tolist() == list(range(64, 72))
        assert part.length == 8.0

    def test_bars_before_the_last_meter_are_not_there(self) -> None:
        part, bars = last_bars(tune(), 16)
        assert bars == 1
        assert part.pitch.tolist() == [70, 71]
        assert part.meters == ((0.0, 2, 4),)
        assert part.tempos == ((0.0, 90.0),)

    @pytest.mark.parametrize(
        ("length", "bars"), [(12.0, 3), (12.0 + 1e-9, 3), (12.5, 4), (15.9, 4), (16.0, 4)]
    )
    def test_a_last_bar_that_is_not_full_is_filled_with_silence(
        self, length: float, bars: int
    ) -> None:
        part, found = last_bars(tune(length, ((0.0, 4, 4),)), 16)
        assert found == bars
        assert part.length == 4.0 * bars

    def test_bars_are_counted_from_where_the_meter_begins(self) -> None:
        part, bars = last_bars(tune(12.0, ((0.0, 4, 4), (5.0, 3, 4))), 2)
        assert bars == 2
        assert part.onset.tolist() == [0.0, 1.0, 2.0, 3.0]
        assert part.pitch.tolist() == [68, 69, 70, 71]

    def test_a_meter_that_begins_at_the_end_has_a_bar_of_silence(self) -> None:
        part, bars = last_bars(tune(12.0, ((0.0, 4, 4), (12.0, 3, 4))), 4)
        assert bars == 1
        assert len(part) == 0
        assert (part.length, part.meters) == (3.0, ((0.0, 3, 4),))

    def test_bars_of_eighths_are_so_many_eighths(self) -> None:
        part, bars = last_bars(tune(12.0, ((0.0, 6, 8),)), 1)
        assert bars == 1
        assert part.pitch.tolist() == [69, 70, 71]

    @given(st.integers(1, 20), st.floats(1.0, 40.0), st.sampled_from([(4, 4), (3, 8), (7, 8)]))
    def test_there_are_as_many_bars_as_there_are_and_no_more_than_asked(
        self, most: int, length: float, meter: tuple[int, int]
    ) -> None:
        bar = meter[0] * 4 / meter[1]
        notes = piece(line([60], step=1.0), length, ((0.0, *meter),))
        part, bars = last_bars(notes, most)
        assert 1 <= bars <= most
        assert part.length == pytest.approx(bars * bar)
        assert bars == most or bars * bar >= length - 1e-5
