"""The state of a piece while it is written token by token: what may come next, and what stands there."""

from enum import IntEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rebracket.notation import MOST_BARS
from rebracket.segment.notes import Notes
from rebracket.segment.tokens.vocabulary import (
    BAR,
    DRUM_VOICE,
    DURATION,
    DURATIONS,
    END,
    LONGEST_BAR,
    PITCH,
    POSITION,
    PROGRAM,
    TICKS,
    TOP,
    VELOCITIES,
    VELOCITY,
    VOCABULARY,
    VOICE,
    VOICES,
    velocity_of,
)

PLACE: tuple[tuple[str, int], ...] = (
    ("tick in the beat", TICKS),
    ("beat in the bar", LONGEST_BAR // TICKS + 1),
    ("voice", VOICES + 1),
    ("bars left", MOST_BARS),
    ("duration", len(DURATIONS) + 1),
    ("velocity", VELOCITIES + 1),
    ("pitch before", 129),
    ("voices so far", VOICES + 1),
)
"""What a token's place is made of, and how many values each has; the last one where there is none."""

MOST_A_QUARTER = 32
"""Tokens that a bar may take for each of its quarter notes; the corpus's densest bars take half of it."""

LONGEST_NOTE = 6
"""Tokens of a note at most: all that can be said of it."""

PLACES = sum(size for _, size in PLACE)
_STARTS = np.cumsum([0, *(size for _, size in PLACE)][:-1]).tolist()

Mask = NDArray[np.bool_]


class Said(IntEnum):
    """The last thing said of the note that comes next; what comes earlier in order may not follow."""

    NOTHING = 0
    PROGRAM = 1
    POSITION = 2
    VELOCITY = 3
    DURATION = 4


class Staff:
    """A piece of `bars` bars of `bar_ticks` ticks each, written from its beginning.

    The first `opening_bars` are given; the others hold one note at least.

    The grammar: each bar is BAR and then voices in ascending order; each voice VOICE, PROGRAM where it
    is new or another, and notes; each note POSITION, VELOCITY and DURATION, where they differ from what
    goes without saying, and PITCH. Notes of a voice and bar come by onset, then by pitch. END follows
    the last bar; no note lasts beyond it.
    """

    def __init__(self, bars: int, bar_ticks: int, opening_bars: int = 0) -> None:
        self.bars, self.bar_ticks, self.opening_bars = bars, bar_ticks, opening_bars
        self.bar = -1
        self.ended = False
        self.rows: list[tuple[int, int, int, int, int, int]] = []
        """Onset, duration, pitch, velocity, program, voice; times in ticks."""
        self._voice = -1
        self._voiced = 0
        """How many voices there have been."""
        self._programs = [-1] * VOICES
        self._durations = [-1] * VOICES
        """Indexes of what each voice's last note had; -1 before the first."""
        self._velocities = [-1] * VOICES
        self._pitches = [-1] * VOICES
        self._ends = [0] * VOICES
        """The tick of the piece where each voice's last note ended."""
        self._cursor = 0
        """The tick of the bar where a note begins unless told otherwise."""
        self._last = (-1, -1)
        """Onset in the bar and pitch of the voice's last note in this bar."""
        self._given = Said.NOTHING
        self._spent = 0
        """Tokens of this bar."""
        self._is_sung = False
        """Whether there is a note after the opening."""

    @property
    def is_voiced(self) -> bool:
        """Whether a voice has its instrument yet."""
        return any(program >= 0 for program in self._programs)

    def take(self, token: int) -> None:
        """Write a token, which must be allowed."""
        self._spent += 1
        if token >= PITCH:
            self._note(token - PITCH)
        elif token >= VELOCITY:
            self._velocities[self._voice] = token - VELOCITY
            self._given = Said.VELOCITY
        elif token >= DURATION:
            self._durations[self._voice] = token - DURATION
            self._given = Said.DURATION
        elif token >= POSITION:
            self._cursor = token - POSITION
            self._given = Said.POSITION
        elif token >= PROGRAM:
            self._programs[self._voice] = token - PROGRAM
            self._given = Said.PROGRAM
        elif token >= VOICE:
            self._enter(token - VOICE)
        elif token == BAR:
            self.bar += 1
            self._voice, self._given = -1, Said.NOTHING
            self._cursor = 0
            self._spent = 1
        else:
            self.ended = True

    def _enter(self, voice: int) -> None:
        self._voice = voice
        self._voiced += self._programs[voice] < 0
        self._cursor = max(0, self._ends[voice] - self.bar * self.bar_ticks)
        self._last = (-1, -1)
        self._given = Said.NOTHING

    def _note(self, pitch: int) -> None:
        voice, onset = self._voice, self.bar * self.bar_ticks + self._cursor
        ticks = int(DURATIONS[self._durations[voice]])
        self.rows.append(
            (
                onset,
                ticks,
                pitch,
                velocity_of(self._velocities[voice]),
                self._programs[voice],
                voice,
            )
        )
        self._is_sung |= self.bar >= self.opening_bars
        self._last = (self._cursor, pitch)
        self._cursor += ticks
        self._ends[voice] = onset + ticks
        self._pitches[voice] = pitch
        self._given = Said.NOTHING

    def is_news(self, token: int) -> bool:
        """Whether a token says what does not go without saying; of programs, positions, velocities, durations."""
        voice = self._voice
        if token >= PITCH or token < PROGRAM:
            return True
        if token >= VELOCITY:
            return self._velocities[voice] != token - VELOCITY
        if token >= DURATION:
            return self._durations[voice] != token - DURATION
        if token >= POSITION:
            return self._cursor != token - POSITION
        return self._programs[voice] != token - PROGRAM

    def allowed(self) -> Mask:
        """Which tokens may come next [VOCABULARY]; PAD alone where the piece has ended."""
        mask = np.zeros(VOCABULARY, dtype=np.bool_)
        if self.ended:
            mask[0] = True
        elif self.bar < 0:
            mask[BAR] = True
        else:
            self._allow(mask)
        return mask

    def _allow(self, mask: Mask) -> None:
        voice = self._voice
        if voice < 0 or (self._last[0] >= 0 and not self._given):
            self._allow_leaving(mask)
            if self._spent + LONGEST_NOTE > most_tokens(1, self.bar_ticks):
                mask[VOICE : VOICE + VOICES] = False
                return
        if voice < 0:
            return
        program = self._programs[voice]
        if not self._given and self._last[0] < 0:
            mask[PROGRAM:POSITION] = True
            if program >= 0:
                mask[PROGRAM + program] = False
        if program >= 0:
            self._allow_position(mask)
            if self._cursor < self.bar_ticks:
                self._allow_note(mask)

    def _allow_position(self, mask: Mask) -> None:
        """Not before the voice's last note, and nothing that goes without saying."""
        if self._given >= Said.POSITION:
            return
        onset, pitch = self._last
        mask[POSITION + max(0, onset) : POSITION + self.bar_ticks] = True
        if self._cursor < self.bar_ticks:
            mask[POSITION + self._cursor] = False
        if pitch == TOP:
            mask[POSITION + onset] = False

    def _allow_leaving(self, mask: Mask) -> None:
        mask[VOICE + self._voice + 1 : VOICE + VOICES] = True
        if self.bar + 1 < self.bars:
            mask[BAR] = True
        elif self._is_sung:
            mask[END] = True

    def _allow_note(self, mask: Mask) -> None:
        velocity, duration = self._velocities[self._voice], self._durations[self._voice]
        if self._given < Said.VELOCITY:
            mask[VELOCITY:PITCH] = True
            if velocity >= 0:
                mask[VELOCITY + velocity] = False
        if velocity < 0:
            return
        left = (self.bars - self.bar) * self.bar_ticks - self._cursor
        fitting = int(np.searchsorted(DURATIONS, left, side="right"))
        is_known = 0 <= duration < fitting
        if self._given < Said.DURATION:
            mask[DURATION : DURATION + fitting] = True
            if is_known:
                mask[DURATION + duration] = False
        if is_known:
            onset, pitch = self._last
            mask[PITCH + (pitch + 1 if onset == self._cursor else 0) :] = True

    def place(self) -> list[int]:
        """What the next token is written in view of: a row of the table of `PLACES` for each of `PLACE`."""
        voice = self._voice
        if voice < 0:
            ours = [VOICES, len(DURATIONS), VELOCITIES, 128]
        else:
            durations, velocities = self._durations[voice], self._velocities[voice]
            ours = [
                voice,
                durations if durations >= 0 else len(DURATIONS),
                velocities if velocities >= 0 else VELOCITIES,
                self._pitches[voice] if self._pitches[voice] >= 0 else 128,
            ]
        cursor = min(self._cursor, self.bar_ticks)
        left = min(max(self.bars - 1 - self.bar, 0), MOST_BARS - 1)
        values = (
            cursor % TICKS,
            cursor // TICKS,
            ours[0],
            left,
            ours[1],
            ours[2],
            ours[3],
            self._voiced,
        )
        return [start + value for start, value in zip(_STARTS, values, strict=True)]

    def notes(self, *, tempo: float = 120.0, meter: tuple[int, int] = (4, 4)) -> Notes:
        """What has been written; a note ends where its voice begins another on its pitch."""
        rows = np.array(sorted(self.rows, key=lambda row: (row[0], row[2], row[5])), dtype=np.int64)
        onset, duration, pitch, velocity, program, voice = rows.reshape(-1, 6).T
        ended = _apart(onset, duration, pitch, voice)
        return Notes(
            onset=onset / TICKS,
            duration=ended / TICKS,
            pitch=pitch.astype(np.int16),
            velocity=velocity.astype(np.int16),
            program=program.astype(np.int16),
            drum=voice == DRUM_VOICE,
            track=voice.astype(np.int16),
            length=self.bars * self.bar_ticks / TICKS,
            tempos=((0.0, tempo),),
            meters=((0.0, *meter),),
        )


def most_tokens(bars: int, bar_ticks: int) -> int:
    """How many tokens so many bars take at most, where none is taken that is not allowed; END is one more."""
    return bars * (bar_ticks * MOST_A_QUARTER // TICKS)


def _apart(
    onset: NDArray[np.int64],
    duration: NDArray[np.int64],
    pitch: NDArray[np.int64],
    voice: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Durations that end where the next note of that voice and pitch begins."""
    ended = duration.copy()
    order = np.lexsort((onset, pitch, voice)).tolist()
    for one, other in pairwise(order):
        if pitch[one] == pitch[other] and voice[one] == voice[other]:
            ended[one] = min(ended[one], onset[other] - onset[one])
    return ended
