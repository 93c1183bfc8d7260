"""MIDI files → notes."""

from collections import defaultdict, deque
from collections.abc import Iterable
from operator import itemgetter
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rebracket.errors import TooMuchMusic, Undecodable
from rebracket.segment.midi.events import (
    METER,
    NOTE_OFF,
    NOTE_ON,
    PROGRAM,
    TEMPO,
    Event,
    events,
    read_header,
    tracks,
)
from rebracket.segment.notes import Notes

MAX_BYTES = 4 * 1024 * 1024
MAX_NOTES = 100_000
MAX_VOICES = 1_024
MAX_CHANGES = 100_000
"""Changes of tempo, meter and program together."""

MAX_QUARTERS = 24 * 60 * 120
"""Quarter notes in a day at 120 beats a minute."""

DRUMS = 9
"""The channel, counted from 0, whose notes are drums (General MIDI)."""

MINUTE_US = 60_000_000
_MAX_EXPONENT = 7
"""Meters over 128ths and smaller are taken for damage and passed over."""

Ticks = NDArray[np.int64]
Change = TypeVar("Change", tuple[int, int], tuple[int, int, int])


def read_midi(data: bytes) -> Notes:
    """The notes of a Standard MIDI File of format 0, 1 or 2, or of an RMID file around one.

    Format 2's tracks come one after the other. A voice is a channel of a track; voices are numbered
    in the order in which the file first has notes of them. Notes that sound together on one pitch of
    a voice end first in, first out; one that nothing ends lasts to its track's end, one that ends
    where it begins lasts a tick. A note's program is its track's last one on its channel; where the
    track has none so far, the channel's last one in time; else 0. A file whose ticks are parts of a
    second (SMPTE) is read at 120 beats a minute, whatever tempos it names. Meta events that make no
    sense are passed over. `length` reaches to the last track's end, silence included.

    Raises:
        Undecodable: the bytes are no such file, are cut off, hold no notes, or last over
            `MAX_QUARTERS`.
        TooMuchMusic: over `MAX_BYTES`, `MAX_NOTES`, `MAX_VOICES` or `MAX_CHANGES`.
    """
    _bound(len(data), MAX_BYTES, "bytes of MIDI")
    header, at = read_header(data)
    take = _Take()
    for start, end in tracks(data, at, header.tracks):
        take.add(events(data, start, end), begin=take.length if header.sequential else 0)
        if take.length > MAX_QUARTERS * header.quarter:
            raise Undecodable(f"expected at most {MAX_QUARTERS} quarter notes", offset=start)
    if header.timed:
        take.tempos.clear()
    return take.notes(header.quarter)


def _bound(count: int, most: int, what: str) -> None:
    if count > most:
        raise TooMuchMusic(f"expected at most {most} {what}")


class _Take:
    """What has been read of a file so far; times in ticks from the piece's beginning."""

    def __init__(self) -> None:
        self.length = 0
        self.voices = 0
        self.rows: list[tuple[int, int, int, int, int, int]] = []
        """Each note's onset, channel, pitch, velocity, program (-1: none so far), voice."""
        self.ends: list[int] = []
        """Each note's end."""
        self.programs: list[tuple[int, int, int]] = []
        """Tick, channel, program."""
        self.tempos: list[tuple[int, int]] = []
        """Tick, microseconds a quarter note."""
        self.meters: list[tuple[int, int, int]] = []
        """Tick, numerator, denominator's logarithm."""

    def add(self, track: Iterable[Event], *, begin: int) -> None:
        """Take up one track's events, whose tick 0 is the piece's `begin`."""
        part, now = _Part(self), begin
        for tick, status, first, second in track:
            now = begin + tick
            kind, channel = status & 0xF0, status & 0x0F
            if kind == NOTE_ON and second:
                part.start(now, channel, first, second)
            elif kind in (NOTE_ON, NOTE_OFF):
                part.stop(now, channel, first)
            elif kind == PROGRAM:
                part.change(now, channel, first)
            else:
                self._meta(now, first, second)
        part.stop_all(now)
        self.length = max(self.length, now)
        self.voices += len(part.voices)
        _bound(self.voices, MAX_VOICES, "voices")

    def _meta(self, now: int, kind: int, value: int) -> None:
        if kind == TEMPO and value:
            self.tempos.append((now, value))
        elif kind == METER:
            numerator, exponent = value >> 16, value >> 8 & 0xFF
            if numerator and exponent <= _MAX_EXPONENT:
                self.meters.append((now, numerator, exponent))
        self.bound_changes()

    def bound_changes(self) -> None:
        """Refuse more changes than are kept."""
        changes = len(self.programs) + len(self.tempos) + len(self.meters)
        _bound(changes, MAX_CHANGES, "changes of tempo, meter and program")

    def notes(self, quarter: float) -> Notes:
        """All of it, with `quarter` ticks in a quarter note; raises Undecodable without a note."""
        if not self.rows:
            raise Undecodable("holds no notes")
        rows = np.array(self.rows, dtype=np.int64).T
        order = np.lexsort((rows[5], rows[2], rows[0]))
        onset, channel, pitch, velocity, program, voice = rows[:, order]
        end = np.maximum(np.array(self.ends, dtype=np.int64)[order], onset + 1)
        _inherit(program, onset, channel, self.programs)
        return Notes(
            onset=onset / quarter,
            duration=(end - onset) / quarter,
            pitch=pitch.astype(np.int16),
            velocity=velocity.astype(np.int16),
            program=program.astype(np.int16),
            drum=channel == DRUMS,
            track=voice.astype(np.int16),
            length=float(max(self.length, int(end.max())) / quarter),
            tempos=tuple(
                (tick / quarter, MINUTE_US / value)
                for tick, value in _holding(self.tempos, (0, MINUTE_US // 120))
            ),
            meters=tuple(
                (tick / quarter, numerator, 1 << exponent)
                for tick, numerator, exponent in _holding(self.meters, (0, 4, 2))
            ),
        )


class _Part:
    """One track of a file while it is read: what sounds in it, and its channels' programs."""

    def __init__(self, take: _Take) -> None:
        self.voices: dict[int, int] = {}
        self._take = take
        self._sounding: dict[tuple[int, int], deque[int]] = defaultdict(deque)
        self._programs: dict[int, int] = {}

    def start(self, now: int, channel: int, pitch: int, velocity: int) -> None:
        """A note begins."""
        take = self._take
        voice = self.voices.setdefault(channel, take.voices + len(self.voices))
        program = self._programs.get(channel, -1)
        self._sounding[channel, pitch].append(len(take.rows))
        take.rows.append((now, channel, pitch, velocity, program, voice))
        take.ends.append(now)
        _bound(len(take.rows), MAX_NOTES, "notes")

    def stop(self, now: int, channel: int, pitch: int) -> None:
        """The first of the notes that sound on a pitch ends; nothing where none does."""
        if queue := self._sounding.get((channel, pitch)):
            self._take.ends[queue.popleft()] = now

    def stop_all(self, now: int) -> None:
        """Whatever sounds still ends."""
        for queue in self._sounding.values():
            for index in queue:
                self._take.ends[index] = now

    def change(self, now: int, channel: int, program: int) -> None:
        """A channel's notes have another program from here on."""
        self._programs[channel] = program
        self._take.programs.append((now, channel, program))
        self._take.bound_changes()


def _inherit(
    program: Ticks, onset: Ticks, channel: Ticks, changes: list[tuple[int, int, int]]
) -> None:
    """Give each note of program -1 its channel's last one by then, from whatever track, or 0."""
    ticks, channels, values = np.array(sorted(changes, key=itemgetter(0)) or [(0, 0, 0)]).T
    for number in np.unique(channel[program < 0]):
        wanting = np.flatnonzero((program < 0) & (channel == number))
        theirs = channels == number
        index = np.searchsorted(ticks[theirs], onset[wanting], side="right")
        program[wanting] = np.concatenate([[0], values[theirs]])[index]


def _holding(changes: list[Change], first: Change) -> list[Change]:
    """Changes in time; of those at one tick the last; `first` where none is at 0."""
    by_tick = {0: first}
    for change in sorted(changes, key=itemgetter(0)):
        by_tick[change[0]] = change
    return list(by_tick.values())
