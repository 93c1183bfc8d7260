"""A piece as notes: what MIDI files are read into, and what operations and encoders work on."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

COLUMNS = ("onset", "duration", "pitch", "velocity", "program", "drum", "track")
"""What each note has, an array each."""


@dataclass(frozen=True, slots=True)
class Notes:
    """Notes ordered by onset, then pitch.

    Shapes [notes]: `onset` and `duration` float64 in quarter notes from the beginning, durations
    over 0; `pitch` int16 0..127; `velocity` int16 1..127; `program` int16 0..127 (General MIDI);
    `drum` bool; `track` int16, a number for each voice from 0.

    `length` is the piece's length in quarter notes. `tempos` are (quarter note, beats a minute) and
    `meters` (quarter note, numerator, denominator) from where they hold; both begin at 0.
    """

    onset: NDArray[np.float64]
    duration: NDArray[np.float64]
    pitch: NDArray[np.int16]
    velocity: NDArray[np.int16]
    program: NDArray[np.int16]
    drum: NDArray[np.bool_]
    track: NDArray[np.int16]
    length: float
    tempos: tuple[tuple[float, float], ...] = field(default=((0.0, 120.0),))
    meters: tuple[tuple[float, int, int], ...] = field(default=((0.0, 4, 4),))

    def __len__(self) -> int:
        return len(self.onset)
