"""Every number stands for one event, and has a name."""

import numpy as np

from rebracket.segment.tokens import VOCABULARY
from rebracket.segment.tokens.names import named
from rebracket.segment.tokens.vocabulary import (
    DURATION,
    DURATIONS,
    LONGEST_BAR,
    PITCH,
    POSITION,
    PROGRAM,
    TICKS,
    TOP,
    VELOCITIES,
    VELOCITY,
    VELOCITY_STEP,
    VOICE,
    VOICES,
    velocity_of,
)


def test_every_token_has_a_name_of_its_own() -> None:
    assert len({named(token) for token in range(VOCABULARY)}) == VOCABULARY


def test_a_name_says_what_a_token_is_and_its_value() -> None:
    firsts = (0, 1, 2, VOICE, PROGRAM, POSITION, DURATION, VELOCITY, PITCH)
    assert [named(token) for token in firsts] == [
        *("Pad", "Bar", "End", "Voice_0", "Program_0"),
        *("Position_0", "Duration_1", "Velocity_4", "Pitch_0"),
    ]
    lasts = (PROGRAM - 1, POSITION - 1, DURATION - 1, VELOCITY - 1, PITCH - 1, VOCABULARY - 1)
    assert [named(token) for token in lasts] == [
        *(f"Voice_{VOICES - 1}", "Program_127", f"Position_{LONGEST_BAR - 1}"),
        *(f"Duration_{DURATIONS[-1]}", "Velocity_124", f"Pitch_{TOP}"),
    ]


def test_durations_ascend_from_a_tick_to_two_bars_of_the_longest_meter() -> None:
    assert (np.diff(DURATIONS) > 0).all()
    assert (DURATIONS[0], DURATIONS[-1]) == (1, 2 * LONGEST_BAR)


def test_triplets_and_32nds_have_durations_of_their_own() -> None:
    assert {TICKS // 8, TICKS // 6, TICKS // 3, TICKS * 2 // 3} <= set(DURATIONS.tolist())


def test_a_steps_velocity_is_in_the_step_and_in_midis_range() -> None:
    for index in range(VELOCITIES):
        velocity = velocity_of(index)
        assert velocity // VELOCITY_STEP == index
        assert 1 <= velocity <= 127
