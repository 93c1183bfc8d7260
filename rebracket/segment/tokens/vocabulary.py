"""Which number stands for which event."""

import numpy as np

TICKS = 24
"""Ticks in a quarter note: both triplets and 32nds are exact."""

LONGEST_BAR = 6 * TICKS
"""Ticks in a bar at most."""

VOICES = 8
"""Voices at most; the last one's are drums."""

DRUM_VOICE = VOICES - 1

DURATIONS = np.array(
    [
        *range(1, 25),
        *(27, 28, 30, 32, 33, 36, 39, 40, 42, 45, 48, 54, 56, 60, 64, 66, 72, 84, 96),
        *(108, 120, 144, 168, 192, 240, 288),
    ]
)
"""Ticks that a note may last."""

TOP = 127
"""The highest pitch."""

VELOCITY_STEP = 8
VELOCITIES = 128 // VELOCITY_STEP

PAD, BAR, END = 0, 1, 2
"""Nothing; a bar begins; the piece is over."""

VOICE = 3
"""The first of the tokens that say whose notes follow; so with those below."""

PROGRAM = VOICE + VOICES
"""The instrument that the voice has from here on."""

POSITION = PROGRAM + 128
"""Where in the bar the next note begins, in ticks."""

DURATION = POSITION + LONGEST_BAR
VELOCITY = DURATION + len(DURATIONS)
PITCH = VELOCITY + VELOCITIES
"""A note."""

VOCABULARY = PITCH + 128
"""How many tokens there are."""


def ticks_in_bar(over: int, under: int) -> int:
    """The ticks of a bar of a meter."""
    return over * 4 * TICKS // under


def velocity_of(index: int) -> int:
    """The middle of a step of velocity, 1 to 127."""
    return index * VELOCITY_STEP + VELOCITY_STEP // 2
