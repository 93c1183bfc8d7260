"""Four bars in a row that another piece has are found, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebracket.segment.bars import cut
from rebracket.segment.notes import Notes
from rebracket.training.generator.copies import all_passages, copied_share, passages
from tests.segment.operations.notes.material import line, piece

BARS = 12


def tune(seed: int = 0, bars: int = BARS) -> Notes:
    """Eighths of any pitches, in 4/4."""
    pitches = np.random.default_rng(seed).integers(40, 80, 8 * bars).tolist()
    return piece(line(pitches, step=0.5))


KNOWN = all_passages([tune(0), tune(1)])


def test_each_four_bars_in_a_row_are_a_passage() -> None:
    assert len(set(passages(tune()))) == BARS - 3
    assert len(KNOWN) == 2 * (BARS - 3)


def test_a_piece_is_all_in_itself_and_not_in_another() -> None:
    assert copied_share([tune(0)], KNOWN) == 1.0
    assert copied_share([tune(2)], KNOWN) == 0.0
    assert copied_share([tune(0), tune(2)], KNOWN) == 0.5
    assert copied_share([], KNOWN) == 0.0


@pytest.mark.parametrize("steps", [-7, 1, 12])
def test_what_is_transposed_is_found(steps: int) -> None:
    moved = replace(tune(), pitch=tune().pitch + np.int16(steps))
    assert copied_share([moved], KNOWN) == 1.0


def test_instruments_dynamics_and_durations_make_no_difference() -> None:
    notes = tune()
    other = replace(
        notes,
        program=notes.program + np.int16(40),
        velocity=notes.velocity // np.int16(2),
        duration=notes.duration / 3,
        tempos=((0.0, 60.0),),
    )
    assert copied_share([other], KNOWN) == 1.0


@given(st.integers(0, 8 * BARS - 1))
def test_one_other_pitch_is_no_copy_where_it_sounds(which: int) -> None:
    notes = tune()
    pitch = notes.pitch.copy()
    pitch[which] += 1
    bar = which // 8
    touched = sum(first <= bar < first + 4 for first in range(BARS - 3))
    found = copied_share([replace(notes, pitch=pitch)], KNOWN)
    assert found == pytest.approx(1 - touched / (BARS - 3))


def test_one_other_onset_is_no_copy() -> None:
    notes = cut(tune(), 0.0, 16.0)
    onset = notes.onset.copy()
    onset[5] += 0.25
    assert copied_share([notes], KNOWN) == 1.0
    assert copied_share([replace(notes, onset=onset)], KNOWN) == 0.0


def test_unevenness_of_less_than_a_tick_makes_no_difference() -> None:
    notes = tune()
    uneven = notes.onset + np.random.default_rng(0).uniform(0, 0.01, len(notes))
    assert copied_share([replace(notes, onset=uneven)], KNOWN) == 1.0


def test_a_passage_is_found_wherever_it_stands() -> None:
    passage, other = cut(tune(), 16.0, 32.0), tune(5, bars=2)
    later = piece(
        [
            *line(other.pitch.tolist(), step=0.5),
            *line(passage.pitch.tolist(), step=0.5, start=8.0),
        ]
    )
    assert copied_share([later], KNOWN) == pytest.approx(1 / 3)


def test_three_bars_are_no_passage_of_a_longer_piece() -> None:
    three, other = cut(tune(), 0.0, 12.0), tune(5, bars=3)
    pitches = [*three.pitch.tolist(), *other.pitch.tolist()]
    assert copied_share([piece(line(pitches, step=0.5))], KNOWN) == 0.0


def test_the_same_notes_in_bars_of_another_meter_are_no_copy() -> None:
    assert copied_share([replace(tune(), meters=((0.0, 2, 2),))], KNOWN) == 1.0
    assert copied_share([replace(tune(), meters=((0.0, 3, 4),))], KNOWN) == 0.0


def test_next_to_nothing_is_no_copy_of_anything() -> None:
    sparse = piece(line([60, 62, 64], step=4.0), 16.0)
    assert not list(passages(sparse))
    assert len(list(passages(piece(line([60, 62, 64, 65], step=4.0), 16.0)))) == 1
