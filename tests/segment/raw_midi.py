"""MIDI files put together byte by byte, so that what is read is checked against the standard."""

ON, OFF, END = b"\x90\x3c\x40", b"\x80\x3c\x00", b"\xff\x2f\x00"
NOTE = b"\x00" + ON + b"\x60" + OFF
"""A note of 96 ticks on pitch 60 of channel 0."""


def chunk(name: bytes, content: bytes) -> bytes:
    """A chunk with its length."""
    return name + len(content).to_bytes(4) + content


def track(*events: bytes) -> bytes:
    """A track of events, deltas included, and its end."""
    return chunk(b"MTrk", b"".join(events) + b"\x00" + END)


def header(count: int, *, kind: int, division: int) -> bytes:
    """The first chunk."""
    return chunk(b"MThd", kind.to_bytes(2) + count.to_bytes(2) + division.to_bytes(2))


def midi(*tracks: bytes, kind: int = 1, division: int = 96) -> bytes:
    """A file of whole tracks."""
    return header(len(tracks), kind=kind, division=division) + b"".join(tracks)


def simple(*events: bytes, kind: int = 0, division: int = 96) -> bytes:
    """A file of one track."""
    return midi(track(*events), kind=kind, division=division)
