"""Whatever is drawn of what the grammar allows, a piece comes to its end and holds what it should."""

from dataclasses import replace
from itertools import accumulate, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebracket.notation import MOST_BARS
from rebracket.segment.notes import Notes
from rebracket.segment.tokens import PLACE, PLACES, VOCABULARY, Staff
from rebracket.segment.tokens.staff import most_tokens
from rebracket.segment.tokens.vocabulary import (
    BAR,
    DRUM_VOICE,
    DURATION,
    DURATIONS,
    END,
    PAD,
    PITCH,
    POSITION,
    PROGRAM,
    TICKS,
    TOP,
    VELOCITY,
    VOICE,
    VOICES,
)
from tests.segment.promises import check_notes
from tests.segment.tokens.drawn import BAR_TICKS, Drawing, bar_ticks, bars, drawings

QUARTER = DURATION + DURATIONS.tolist().index(TICKS)
LONGEST = DURATION + len(DURATIONS) - 1
LOUD = VELOCITY + 10


def written(*tokens: int, bars: int = 2, opening_bars: int = 0) -> Staff:
    """A staff of 4/4 after some tokens, each of which was allowed."""
    staff = Staff(bars, 4 * TICKS, opening_bars)
    for token in tokens:
        assert staff.allowed()[token], token
        staff.take(token)
    return staff


def allowed(staff: Staff) -> set[int]:
    return set(np.flatnonzero(staff.allowed()).tolist())


def numbered(notes: Notes) -> Notes:
    """The same with voices numbered without gaps."""
    return replace(notes, track=np.unique(notes.track, return_inverse=True)[1].astype(np.int16))


class TestWhateverIsDrawn:
    @given(drawings(), bars, bar_ticks)
    def test_a_piece_ends_within_its_tokens(self, drawing: Drawing, bars: int, bar: int) -> None:
        tokens = drawing.write(Staff(bars, bar))
        assert tokens[-1] == END
        assert len(tokens) <= most_tokens(bars, bar) + 1

    @given(drawings(), bars, bar_ticks)
    def test_every_bar_is_there(self, drawing: Drawing, bars: int, bar: int) -> None:
        staff = Staff(bars, bar)
        assert drawing.write(staff).count(BAR) == bars == staff.bar + 1

    @given(drawings(), bars, bar_ticks)
    def test_notes_are_as_notes_promise_and_end_by_the_pieces_end(
        self, drawing: Drawing, bars: int, bar: int
    ) -> None:
        staff = Staff(bars, bar)
        tokens = drawing.write(staff)
        notes = staff.notes()
        assert len(notes) == sum(token >= PITCH for token in tokens)
        assert notes.length == bars * bar / TICKS
        check_notes(numbered(notes))

    @given(drawings(), bars, bar_ticks)
    def test_notes_of_a_voice_and_pitch_do_not_overlap(
        self, drawing: Drawing, bars: int, bar: int
    ) -> None:
        staff = Staff(bars, bar)
        drawing.write(staff)
        notes = staff.notes()
        order = np.lexsort((notes.onset, notes.pitch, notes.track)).tolist()
        ends = notes.onset + notes.duration
        for one, other in pairwise(order):
            if (notes.track[one], notes.pitch[one]) == (notes.track[other], notes.pitch[other]):
                assert ends[one] <= notes.onset[other] + 1e-9

    @given(drawings(), st.integers(1, 40), bar_ticks)
    @settings(max_examples=30)
    def test_places_are_rows_of_their_own_tables(
        self, drawing: Drawing, bars: int, bar: int
    ) -> None:
        staff = Staff(bars, bar)
        starts = np.cumsum([0, *(size for _, size in PLACE)])
        assert starts[-1] == PLACES
        for token in drawing.write(Staff(bars, bar)):
            staff.take(token)
            place = np.array(staff.place())
            assert (starts[:-1] <= place).all()
            assert (place < starts[1:]).all()

    @given(drawings(), bars, bar_ticks)
    def test_nothing_is_said_that_goes_without_saying(
        self, drawing: Drawing, bars: int, bar: int
    ) -> None:
        staff = Staff(bars, bar)
        for token in drawing.write(Staff(bars, bar)):
            assert staff.is_news(token)
            staff.take(token)

    @given(drawings(), st.integers(1, 2), st.integers(1, 2), bar_ticks)
    def test_a_piece_that_goes_on_ends_after_a_note_of_its_own(
        self, drawing: Drawing, opening: int, own: int, bar: int
    ) -> None:
        staff = Staff(opening + own, bar, opening)
        drawing.write(staff)
        assert staff.notes().onset.max() >= opening * bar / TICKS

    @pytest.mark.parametrize("bar", BAR_TICKS)
    def test_a_full_bar_takes_its_tokens_and_no_more(self, bar: int) -> None:
        staff, tokens = Staff(3, bar), list[int]()
        while not staff.ended:
            tokens.append(min(allowed(staff) - {BAR, END} or allowed(staff)))
            staff.take(tokens[-1])
        starts = [index for index, token in enumerate(tokens) if token in (BAR, END)]
        assert len(starts) == 4
        for one, other in pairwise(starts):
            assert most_tokens(1, bar) - 6 < other - one <= most_tokens(1, bar)


class TestGrammar:
    def test_a_piece_begins_with_a_bar(self) -> None:
        assert allowed(Staff(1, 4 * TICKS)) == {BAR}

    def test_after_a_bars_line_comes_a_voice_or_another_bar(self) -> None:
        assert allowed(written(BAR)) == {BAR, *range(VOICE, PROGRAM)}

    def test_a_new_voice_needs_its_instrument_first(self) -> None:
        assert allowed(written(BAR, VOICE)) == set(range(PROGRAM, POSITION))

    def test_a_voices_first_note_needs_velocity_and_duration(self) -> None:
        staff = written(BAR, VOICE, PROGRAM, bars=3)
        positions, velocities = range(POSITION + 1, POSITION + 4 * TICKS), range(VELOCITY, PITCH)
        assert allowed(staff) == {*positions, *velocities}
        staff.take(LOUD)
        assert allowed(staff) == set(range(DURATION, VELOCITY))
        staff.take(QUARTER)
        assert allowed(staff) == set(range(PITCH, VOCABULARY))

    def test_a_note_begins_where_the_last_one_ended_as_long_and_as_loud(self) -> None:
        notes = written(BAR, VOICE, PROGRAM, LOUD, QUARTER, PITCH + 60, PITCH + 62, bars=1).notes()
        assert notes.onset.tolist() == [0.0, 1.0]
        assert notes.duration.tolist() == [1.0, 1.0]
        assert len(set(notes.velocity.tolist())) == 1

    def test_tones_of_a_chord_ascend(self) -> None:
        chord = written(BAR, VOICE, PROGRAM, LOUD, QUARTER, PITCH + 60, POSITION)
        assert {token for token in allowed(chord) if token >= PITCH} == set(
            range(PITCH + 61, VOCABULARY)
        )

    def test_nothing_is_stacked_on_the_highest_pitch(self) -> None:
        staff = written(BAR, VOICE, PROGRAM, LOUD, QUARTER, PITCH + TOP)
        assert POSITION not in allowed(staff)
        assert POSITION + 1 in allowed(staff)

    def test_voices_ascend_within_a_bar(self) -> None:
        staff = written(BAR, VOICE + 3, PROGRAM, LOUD, QUARTER, PITCH + 60)
        voices = {token for token in allowed(staff) if VOICE <= token < PROGRAM}
        assert voices == set(range(VOICE + 4, PROGRAM))
        staff.take(BAR)
        assert VOICE in allowed(staff)

    def test_no_note_lasts_beyond_the_last_bar(self) -> None:
        staff = written(BAR, VOICE, PROGRAM, POSITION + 3 * TICKS, LOUD, bars=1)
        durations = [DURATIONS[token - DURATION] for token in allowed(staff)]
        assert max(durations) == TICKS

    def test_a_duration_that_no_longer_fits_must_be_told_anew(self) -> None:
        staff = written(BAR, VOICE, PROGRAM, LOUD, QUARTER, PITCH + 60, bars=1)
        staff.take(POSITION + 4 * TICKS - 1)
        assert {token for token in allowed(staff) if token < VELOCITY} == {DURATION}
        assert not {token for token in allowed(staff) if token >= PITCH}

    def test_a_note_that_lasts_over_a_bar_leaves_its_voice_to_begin_where_it_says(self) -> None:
        staff = written(BAR, VOICE, PROGRAM, LOUD, LONGEST, PITCH + 60, BAR, VOICE, bars=3)
        assert staff.allowed()[POSITION]
        assert not staff.allowed()[PITCH:].any()

    def test_a_note_ends_where_its_voice_begins_another_on_its_pitch(self) -> None:
        staff = written(
            *(BAR, VOICE, PROGRAM, LOUD, LONGEST, PITCH + 60),
            *(BAR, VOICE, POSITION, QUARTER, PITCH + 60),
            bars=3,
        )
        assert staff.notes().duration.tolist() == [4.0, 1.0]

    def test_other_voices_do_not_end_a_note(self) -> None:
        staff = written(
            *(BAR, VOICE, PROGRAM, LOUD, LONGEST, PITCH + 60),
            *(BAR, VOICE + 1, PROGRAM, LOUD, QUARTER, PITCH + 60),
            bars=3,
        )
        assert staff.notes().duration.tolist() == [12.0, 1.0]

    def test_an_empty_piece_does_not_end(self) -> None:
        assert END not in allowed(written(BAR, BAR))

    def test_the_end_comes_after_the_last_bar_only(self) -> None:
        note = (VOICE, PROGRAM, LOUD, QUARTER, PITCH + 60)
        assert END not in allowed(written(BAR, *note))
        assert END in allowed(written(BAR, *note, BAR))

    def test_notes_of_the_opening_are_none_of_ones_own(self) -> None:
        opening = (BAR, VOICE, PROGRAM, LOUD, QUARTER, PITCH + 60, BAR)
        staff = written(*opening, opening_bars=1)
        assert allowed(staff) == set(range(VOICE, PROGRAM))
        for token in (VOICE, PITCH + 60):
            staff.take(token)
        assert END in allowed(staff)

    def test_only_padding_follows_the_end(self) -> None:
        staff = written(BAR, VOICE, PROGRAM, LOUD, QUARTER, PITCH + 60, END, bars=1)
        assert staff.ended
        assert allowed(staff) == {PAD}

    def test_the_last_voice_is_drums(self) -> None:
        staff = written(BAR, VOICE + DRUM_VOICE, PROGRAM, LOUD, QUARTER, PITCH + 36)
        assert staff.notes().drum.tolist() == [True]

    def test_a_voice_has_its_instrument_from_its_first_program_on(self) -> None:
        assert not written(BAR, VOICE).is_voiced
        assert written(BAR, VOICE, PROGRAM).is_voiced


class TestPlaces:
    def test_a_place_tells_the_moment_and_what_goes_without_saying(self) -> None:
        staff = written(BAR, VOICE + 2, PROGRAM, POSITION + 5, LOUD, QUARTER, PITCH + 60, bars=7)
        starts = [0, *accumulate(size for _, size in PLACE)]
        found = {
            name: value - start
            for (name, _), value, start in zip(PLACE, staff.place(), starts, strict=False)
        }
        assert found == {
            "tick in the beat": 5,
            "beat in the bar": 1,
            "voice": 2,
            "bars left": 6,
            "duration": QUARTER - DURATION,
            "velocity": LOUD - VELOCITY,
            "pitch before": 60,
            "voices so far": 1,
        }

    def test_where_there_is_none_the_last_row_says_so(self) -> None:
        place = dict(zip([name for name, _ in PLACE], written(BAR).place(), strict=True))
        ends = np.cumsum([size for _, size in PLACE])
        last = dict(zip([name for name, _ in PLACE], (ends - 1).tolist(), strict=True))
        for name in ("voice", "duration", "velocity", "pitch before"):
            assert place[name] == last[name]

    def test_more_bars_than_are_told_apart_are_many(self) -> None:
        one, other = (written(BAR, bars=bars).place() for bars in (MOST_BARS, MOST_BARS + 9))
        assert one == other

    def test_voices_are_counted_once(self) -> None:
        note = (VOICE, PROGRAM, LOUD, QUARTER, PITCH + 60)
        once, twice = written(BAR, *note).place(), written(BAR, *note, BAR, VOICE).place()
        assert once[-1] == twice[-1] == PLACES - VOICES
