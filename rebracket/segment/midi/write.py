"""Notes → MIDI files."""

from io import BytesIO

import numpy as np
from mido import Message, MetaMessage, MidiFile, MidiTrack, bpm2tempo
from numpy.typing import NDArray

from rebracket.segment.midi.read import DRUMS
from rebracket.segment.notes import Notes

TICKS = 480
"""Ticks in a quarter note."""

_SEATS = tuple(channel for channel in range(16) if channel != DRUMS)
_FASTEST_US, _SLOWEST_US = 1, 0xFFFFFF
"""Microseconds a quarter note: what three bytes hold and is a tempo."""

Integers = NDArray[np.int64]


def write_midi(notes: Notes) -> bytes:
    """A Standard MIDI File of format 1; the same notes give the same bytes.

    Times are rounded to `TICKS` a quarter note; a note lasts a tick at least. The first track holds
    tempos and meters and lasts as long as the piece, then comes a track for each voice (drums and
    pitched notes of one voice are two). A tempo out of a file's range is the nearest in it. Drums are on channel 9, counted from 0; up to 15 pitched
    voices have a channel each, more share one with those of the same programs, and go round where
    there are more than 15 of these.

    Raises:
        ValueError: a value that a MIDI file can't hold, as a meter of 4/5.
    """
    file = MidiFile(type=1, ticks_per_beat=TICKS)
    file.tracks.append(_conductor(notes))
    keys, voice = np.unique(notes.track.astype(np.int64) * 2 + notes.drum, return_inverse=True)
    members = [np.flatnonzero(voice == index) for index in range(len(keys))]
    for rows, channel in zip(members, _channels(notes, members), strict=True):
        file.tracks.append(_voice(notes, rows, channel))
    out = BytesIO()
    file.save(file=out)
    return out.getvalue()


def _ticks(quarters: NDArray[np.float64]) -> Integers:
    return np.rint(quarters * TICKS).astype(np.int64)


def _conductor(notes: Notes) -> MidiTrack:
    """The track of tempos and meters, as long as the piece."""
    timed = [
        (at, MetaMessage("set_tempo", tempo=min(max(bpm2tempo(bpm), _FASTEST_US), _SLOWEST_US)))
        for at, bpm in notes.tempos
    ]
    timed += [
        (at, MetaMessage("time_signature", numerator=over, denominator=under))
        for at, over, under in notes.meters
    ]
    timed.sort(key=lambda pair: pair[0])
    track, now = MidiTrack(), 0
    for at, message in timed:
        track.append(message.copy(time=round(at * TICKS) - now))
        now = round(at * TICKS)
    track.append(MetaMessage("end_of_track", time=max(round(notes.length * TICKS) - now, 0)))
    return track


def _channels(notes: Notes, members: list[Integers]) -> list[int]:
    """Each voice's channel."""
    crowded = sum(not notes.drum[rows[0]] for rows in members) > len(_SEATS)
    seats: dict[object, int] = {}
    channels = []
    for index, rows in enumerate(members):
        if notes.drum[rows[0]]:
            channels.append(DRUMS)
            continue
        key = tuple(np.unique(notes.program[rows]).tolist()) if crowded else index
        channels.append(_SEATS[seats.setdefault(key, len(seats)) % len(_SEATS)])
    return channels


def _voice(notes: Notes, rows: Integers, channel: int) -> MidiTrack:
    """The track of the notes `rows`, with a change of program before each note that needs one."""
    on = _ticks(notes.onset[rows])
    off = np.maximum(_ticks(notes.onset[rows] + notes.duration[rows]), on + 1)
    when = np.concatenate([off, on])
    order = np.argsort(when, kind="stable")  # stable: offs, which come first, stay before ons
    waits = np.diff(when[order], prepend=0)
    pitch, velocity, programs = (
        column[rows].tolist() for column in (notes.pitch, notes.velocity, notes.program)
    )
    track, program = MidiTrack(), None
    for index, wait in zip((order - len(rows)).tolist(), waits.tolist(), strict=True):
        if index < 0:  # counted from the end, an off has its note's index
            track.append(Message("note_off", channel=channel, note=pitch[index], time=wait))
            continue
        changed = programs[index] != program
        if changed:
            program = programs[index]
            track.append(Message("program_change", channel=channel, program=program, time=wait))
        wait = 0 if changed else wait  # noqa: PLW2901 - the change has waited
        loud = velocity[index]
        track.append(
            Message("note_on", channel=channel, note=pitch[index], velocity=loud, time=wait)
        )
    return track
