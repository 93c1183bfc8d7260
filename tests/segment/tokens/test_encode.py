"""Notes become tokens of the grammar, and come back where they stand on its grid."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rebracket.segment.notes import Notes
from rebracket.segment.tokens import Staff, encode
from rebracket.segment.tokens.staff import most_tokens
from rebracket.segment.tokens.vocabulary import (
    BAR,
    DRUM_VOICE,
    DURATION,
    DURATIONS,
    END,
    PITCH,
    PROGRAM,
    TICKS,
    TOP,
    VELOCITIES,
    VOICE,
    velocity_of,
)
from tests.segment.operations.notes.material import PIECES, Row, beat, line, piece, rows_of
from tests.segment.tokens.drawn import Drawing, bar_ticks, bars, drawings

BARS = 3
BAR_TICKS = 3 * TICKS


def overlapping(staff: Staff) -> bool:
    """Whether a voice begins a note while one on the same pitch sounds."""
    rows = sorted((voice, pitch, onset, last) for onset, last, pitch, _, _, voice in staff.rows)
    return any(one[:2] == other[:2] and one[2] + one[3] > other[2] for one, other in pairwise(rows))


@st.composite
def on_the_grid(draw: st.DrawFn) -> Notes:
    """A piece of `BARS` bars of `BAR_TICKS` with what tokens can say: one note a voice, onset and pitch."""
    programs = draw(st.lists(st.integers(0, 127), min_size=1, max_size=DRUM_VOICE))
    found: dict[tuple[int, int, int], Row] = {}
    end = BARS * BAR_TICKS
    for track, program in enumerate(programs):
        ends = dict.fromkeys(range(TOP + 1), 0)
        for onset in sorted(draw(st.sets(st.integers(0, end - 1), min_size=1, max_size=6))):
            pitch = draw(st.sampled_from((0, 60, 61, TOP)))
            if ends[pitch] <= onset:
                ticks = draw(st.sampled_from(DURATIONS[end - onset >= DURATIONS].tolist()))
                ends[pitch] = onset + ticks
                velocity = velocity_of(draw(st.integers(0, VELOCITIES - 1)))
                row = (onset / TICKS, ticks / TICKS, pitch, velocity, program, False, track)
                found[track, onset, pitch] = row
    return piece(found.values(), end / TICKS, meters=((0.0, 3, 4),))


@given(on_the_grid())
def test_notes_on_the_grid_come_back_as_they_were(notes: Notes) -> None:
    _, staff = encode(notes, BARS, BAR_TICKS)
    found = staff.notes(meter=(3, 4))
    assert rows_of(found) == rows_of(notes)
    assert (found.length, found.meters) == (notes.length, notes.meters)


@given(drawings(in_order=True), bars, bar_ticks)
def test_what_was_written_is_encoded_as_it_was_written(
    drawing: Drawing, bars: int, bar: int
) -> None:
    staff = Staff(bars, bar)
    tokens = drawing.write(staff)
    assume(not overlapping(staff))
    assert encode(staff.notes(), bars, bar)[0] == tokens


@pytest.mark.parametrize("name", PIECES)
def test_tokens_are_those_that_the_grammar_allows(name: str) -> None:
    notes = PIECES[name]
    _, over, under = notes.meters[0]
    bar = over * 4 * TICKS // under
    tokens, _ = encode(notes, int(notes.length * TICKS) // bar, bar)
    staff = Staff(tokens.count(BAR), bar)
    for token in tokens:
        assert staff.allowed()[token]
        staff.take(token)
    assert staff.ended


@given(on_the_grid())
def test_tokens_of_the_grid_are_those_that_the_grammar_allows(notes: Notes) -> None:
    staff = Staff(BARS, BAR_TICKS)
    tokens, _ = encode(notes, BARS, BAR_TICKS)
    starts = [index for index, token in enumerate(tokens) if token in (BAR, END)]
    assume(all(b - a <= most_tokens(1, BAR_TICKS) for a, b in pairwise(starts)))
    for token in tokens:
        assert staff.allowed()[token]
        staff.take(token)


def encoded(*rows: Row, bars: int = 2, bar_ticks: int = 4 * TICKS) -> Notes:
    """What is left of notes."""
    _, staff = encode(piece(rows), bars, bar_ticks)
    return staff.notes()


def note(onset: float = 0.0, duration: float = 1.0, pitch: int = 60, *, velocity: int = 80) -> Row:
    return onset, duration, pitch, velocity, 0, False, 0


def test_times_go_to_the_nearest_tick() -> None:
    notes = encoded(note(0.49 / TICKS), note(1 + 0.51 / TICKS, pitch=61))
    assert (notes.onset * TICKS).tolist() == [0, TICKS + 1]


def test_durations_go_to_the_nearest_that_there_is() -> None:
    notes = encoded(note(0, 0.001), note(1, 25 / TICKS), note(4, 26 / TICKS))
    assert (notes.duration * TICKS).tolist() == [1, 24, 27]


def test_velocities_go_to_the_middle_of_their_steps() -> None:
    notes = encoded(note(0, velocity=1), note(1, velocity=79), note(2, velocity=127))
    assert notes.velocity.tolist() == [4, 76, 124]


def test_notes_after_the_last_bar_are_left_out() -> None:
    assert encoded(note(7, pitch=60), note(8, pitch=61)).pitch.tolist() == [60]


def test_a_note_that_is_nearer_to_the_next_bar_than_to_the_last_tick_is_left_out() -> None:
    end = 8.0 - 0.4 / TICKS
    assert encoded(note(0), note(end, pitch=70)).pitch.tolist() == [60]


def test_a_note_that_lasts_beyond_the_last_bar_ends_with_it() -> None:
    notes = encoded(note(7, 30), note(6, 2.5, pitch=50))
    assert (notes.onset + notes.duration).tolist() == [8.0, 8.0]


def test_a_note_that_lasts_no_whole_duration_to_the_end_is_shorter() -> None:
    left = 47 / TICKS  # of the durations, 48 is the nearest, and too long
    assert encoded(note(8 - left, 9)).duration.tolist() == [45 / TICKS]


def test_notes_together_on_one_pitch_of_a_voice_are_one() -> None:
    assert len(encoded(note(1), note(1, 2), note(1 + 0.2 / TICKS, 3))) == 1


def test_tracks_become_voices_in_their_order() -> None:
    notes = encoded(*line([60], track=9), *line([50], track=4), *line([70], track=12))
    assert dict(zip(notes.pitch.tolist(), notes.track.tolist(), strict=True)) == {
        50: 0,
        60: 1,
        70: 2,
    }


def test_where_there_are_too_many_tracks_the_last_ones_share_a_voice() -> None:
    rows = [row for track in range(10) for row in line([40 + track], track=track)]
    notes = encoded(*rows)
    assert notes.track.tolist() == [0, 1, 2, 3, 4, 5, 6, 6, 6, 6]
    assert notes.pitch.tolist() == list(range(40, 50))


def test_drums_keep_the_last_voice() -> None:
    notes = encoded(*line([60], track=1), *beat(1.0, track=0))
    assert Counter(zip(notes.track.tolist(), notes.drum.tolist(), strict=True)) == {
        (0, False): 1,
        (DRUM_VOICE, True): 2,
    }


def test_drums_of_several_tracks_are_one_voice() -> None:
    notes = encoded(*beat(1.0, track=0), *beat(1.0, track=5))
    assert notes.track.tolist() == [DRUM_VOICE] * 2


def test_a_voice_may_take_another_instrument_from_a_bar_on() -> None:
    notes = encoded(*line([60, 62], program=3), *line([64, 65], program=9, start=4.0))
    assert notes.program.tolist() == [3, 3, 9, 9]


def test_bars_without_notes_are_there() -> None:
    tokens, staff = encode(piece([note(4)]), 3, 4 * TICKS)
    assert tokens[:2] == [BAR, BAR]
    assert tokens[-2:] == [BAR, END]
    assert staff.notes().length == 12.0


def test_without_an_end_the_last_bar_can_go_on() -> None:
    tokens, staff = encode(piece([note(0)]), 1, 4 * TICKS, end=False)
    assert tokens == encode(piece([note(0)]), 1, 4 * TICKS)[0][:-1]
    assert not staff.ended
    assert staff.allowed()[PITCH]


def test_a_tune_in_even_steps_takes_a_token_a_note() -> None:
    tokens, _ = encode(piece(line(range(60, 68), step=0.5)), 1, 4 * TICKS)
    assert tokens[:3] == [BAR, VOICE, PROGRAM]
    assert tokens[5:-1] == [PITCH + pitch for pitch in range(60, 68)]
    assert tokens[4] == DURATION + DURATIONS.tolist().index(TICKS // 2)


def test_a_piece_without_notes_is_bars() -> None:
    empty = piece([note(9)])
    tokens, staff = encode(empty, 2, 4 * TICKS)
    assert tokens == [BAR, BAR, END]
    assert len(staff.notes()) == 0
    assert np.isfinite(staff.notes().length)
