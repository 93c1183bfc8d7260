"""Tokens as people and other programs read them."""

from rebracket.segment.tokens.vocabulary import (
    BAR,
    DURATION,
    DURATIONS,
    END,
    PAD,
    PITCH,
    POSITION,
    PROGRAM,
    VELOCITY,
    VOICE,
    velocity_of,
)

_ALONE = {PAD: "Pad", BAR: "Bar", END: "End"}


def named(token: int) -> str:
    """A token's name: what it is, and its value as a MIDI number or in ticks, as in 'Pitch_60'."""
    if token >= PITCH:
        return f"Pitch_{token - PITCH}"
    if token >= VELOCITY:
        return f"Velocity_{velocity_of(token - VELOCITY)}"
    if token >= DURATION:
        return f"Duration_{DURATIONS[token - DURATION]}"
    if token >= POSITION:
        return f"Position_{token - POSITION}"
    if token >= PROGRAM:
        return f"Program_{token - PROGRAM}"
    return _ALONE[token] if token < VOICE else f"Voice_{token - VOICE}"
