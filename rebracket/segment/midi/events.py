"""Bytes of a Standard MIDI File → chunks, and chunks → events.

After "Standard MIDI Files 1.0" (MIDI Manufacturers Association, RP-001), with what files in the wild
do besides: running status goes on over other events, and a track may lack its end event. Every byte
is looked at once and lengths are checked before they are followed, so that the time is linear in the
file's size whatever it holds. (The reader of mido, which writes our files, is not used: its time is
quadratic in the length of a number, it keeps every event as an object, it gives a file up for one bad
key signature, and it loses the time before events of unknown types.)
"""

from collections.abc import Iterator
from dataclasses import dataclass

from rebracket.errors import Undecodable

NOTE_OFF, NOTE_ON, PROGRAM, META = 0x80, 0x90, 0xC0, 0xFF
"""Kinds of event: the upper half of a status byte, or the whole of it."""

END, TEMPO, METER = 0x2F, 0x51, 0x58
"""Types of meta event."""

Event = tuple[int, int, int, int]
"""Tick from the track's beginning, status, and two numbers.

The numbers are a channel event's data bytes, the second 0 where there is one; or a meta event's type
and the number that its first three bytes make, 0 where it has fewer.
"""

_KEPT = {NOTE_OFF, NOTE_ON, PROGRAM}
_STATUS = 0x80
"""The bit that sets a status byte from a data byte, and in a number says that more bytes follow."""

_BEND, _SYSTEM = 0xE0, 0xF0
"""The first status after those with one data byte, and the first that belongs to no channel."""

_SYSEX = (0xF0, 0xF7)
_SYSTEM_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1, 0xF6: 0, **dict.fromkeys(range(0xF8, 0xFF), 0)}
"""How many data bytes follow system messages: files should not hold any, and are read over them."""

_HEADER = 6
"""Bytes of a header."""

_SEQUENTIAL = 2
"""The format of tracks one after the other."""

_TIMED = 0x8000
"""The bit of the division that says that ticks are parts of a second."""

_FRAMES = {24: 24.0, 25: 25.0, 29: 30_000 / 1_001, 30: 30.0}
"""SMPTE's frames a second; 29 stands for 30 with dropped frame numbers."""

_HALF_SECOND = 0.5
"""A quarter note at 120 beats a minute, by which a division of seconds is taken for one of notes."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself.

    `tracks` how many; `sequential` says that they come one after the other, as in format 2;
    `quarter` ticks in a quarter note; `timed` says that ticks are parts of a second, and so that
    tempo does not change how long they are.
    """

    tracks: int
    sequential: bool
    quarter: float
    timed: bool


def read_header(data: bytes) -> tuple[Header, int]:
    """The header, and where the first track may begin.

    A RIFF wrapping (RMID) is read through. Raises Undecodable.
    """
    start = _unwrap(data)
    if data[start : start + 4] != b"MThd":
        raise Undecodable("not a MIDI file: expected 'MThd'", offset=start)
    size = int.from_bytes(data[start + 4 : start + 8])
    fields = data[start + 8 : start + 8 + _HEADER]
    if min(size, len(fields)) < _HEADER:
        raise Undecodable("expected a header of 6 bytes", offset=min(start + 8, len(data)))
    form, count, division = (int.from_bytes(fields[k : k + 2]) for k in (0, 2, 4))
    if form not in (0, 1, _SEQUENTIAL):
        raise Undecodable("expected format 0, 1 or 2", offset=start + 8)
    quarter, timed = _division(division, start + 12)
    return Header(count, form == _SEQUENTIAL, quarter, timed), start + 8 + size


def _unwrap(data: bytes) -> int:
    """Where MIDI begins: after the header of the chunk 'data' where the file is a RIFF one."""
    if data[:4] != b"RIFF" or data[8:12] != b"RMID":
        return 0
    at = 12
    while at + 8 <= len(data):
        if data[at : at + 4] == b"data":
            return at + 8
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
    raise Undecodable("expected a chunk 'data' in the RIFF file", offset=len(data))


def _division(word: int, offset: int) -> tuple[float, bool]:
    """Ticks in a quarter note, and whether they are parts of a second."""
    if not word:
        raise Undecodable("expected a division over 0", offset=offset)
    if word < _TIMED:
        return float(word), False
    frames, parts = _FRAMES.get(0x100 - (word >> 8)), word & 0xFF
    if frames is None or not parts:
        raise Undecodable("expected an SMPTE division of 24, 25, 29 or 30 frames", offset=offset)
    return frames * parts * _HALF_SECOND, True


def tracks(data: bytes, at: int, count: int) -> Iterator[tuple[int, int]]:
    """Where each of `count` tracks' events begin and end; chunks of other kinds are passed over.

    Raises Undecodable where one is missing or goes on after the file's end.
    """
    while count:
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8])
        if at + 8 > len(data):
            raise Undecodable(f"expected more tracks: {count} missing", offset=len(data))
        if at + 8 + size > len(data):
            raise Undecodable("a chunk goes on after the file's end", offset=at + 4)
        if name == b"MTrk":
            yield at + 8, at + 8 + size
            count -= 1
        at += 8 + size


def events(data: bytes, start: int, end: int) -> Iterator[Event]:
    """A track's notes, programs and meta events in order; last, always, one END.

    Raises Undecodable, with the byte of the file, where the bytes are not events.
    """
    track = data[start:end]
    try:
        yield from _events(track, start)
    except IndexError:
        raise Undecodable("the track ends within an event", offset=end) from None


def _events(track: bytes, base: int) -> Iterator[Event]:
    """As `events`; raises IndexError where the track ends within an event."""
    at = tick = status = 0
    while at < len(track):
        delta, at = _number(track, at, base)
        tick += delta
        first = track[at]
        at += 1
        if first < _SYSTEM:
            status, first, second, at = _message(track, status, first, at, base)
            if status & 0xF0 in _KEPT:
                yield tick, status, first, second
        else:
            kind, value, at = _system(track, first, at, base)
            if kind == END:
                break
            if kind:
                yield tick, META, kind, value
    yield tick, META, END, 0


def _message(
    track: bytes, status: int, first: int, at: int, base: int
) -> tuple[int, int, int, int]:
    """A channel event's status and data bytes, and where the next byte is.

    `status` is the one that runs, 0 where none does yet; `first` the event's first byte.
    """
    if first >= _STATUS:
        status, first = first, track[at]
        at += 1
    second = 0
    if not PROGRAM <= status < _BEND:
        second = track[at]
        at += 1
    if not status or (first | second) >= _STATUS:
        what = "a data byte under 128" if status else "a status byte"
        raise Undecodable(f"expected {what}", offset=base + at - 1)
    return status, first, second, at


def _number(track: bytes, at: int, base: int) -> tuple[int, int]:
    """A number of one to four bytes, seven bits in each, and where the next byte is."""
    value = track[at]
    at += 1
    if value < _STATUS:
        return value, at
    value &= 0x7F
    for byte in track[at : at + 3]:
        at += 1
        value = value << 7 | byte & 0x7F
        if byte < _STATUS:
            return value, at
    if at == len(track):
        raise IndexError
    raise Undecodable("expected a number of at most 4 bytes", offset=base + at - 1)


def _system(track: bytes, status: int, at: int, base: int) -> tuple[int, int, int]:
    """A meta event's type and value, type 0 for what is passed over; and where the next byte is."""
    kind, size = 0, _SYSTEM_BYTES.get(status)
    if size is None:
        if status == META:
            kind = track[at]
            at += 1
        elif status not in _SYSEX:
            raise Undecodable("expected a status byte that is in use", offset=base + at - 1)
        size, at = _number(track, at, base)
    if at + size > len(track):
        raise IndexError
    value = int.from_bytes(track[at : at + 3]) if size >= 3 else 0  # noqa: PLR2004 - of tempo, 3 bytes
    return kind, value, at + size
