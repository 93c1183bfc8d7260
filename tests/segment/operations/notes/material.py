"""Pieces that operations are tried on, and what is asked of the results."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from rebracket.segment.notes import Notes

Row = tuple[float, float, int, int, int, bool, int]
"""Onset, duration, pitch, velocity, program, drum, track."""

COLUMNS = ("onset", "duration", "pitch", "velocity", "program", "drum", "track")
SCALE = (0, 2, 4, 5, 7, 9, 11)
COMMON = ((0.0, 4, 4),)

Meters = tuple[tuple[float, int, int], ...]


def piece(rows: Iterable[Row], length: float | None = None, meters: Meters = COMMON) -> Notes:
    """Notes of rows in any order; as long as they last, or longer."""
    ordered = sorted(rows, key=lambda row: (row[0], row[2]))
    onset, duration, pitch, velocity, program, drum, track = zip(*ordered, strict=True)
    begin, last = np.array(onset, dtype=np.float64), np.array(duration, dtype=np.float64)
    return Notes(
        onset=begin,
        duration=last,
        pitch=np.array(pitch, dtype=np.int16),
        velocity=np.array(velocity, dtype=np.int16),
        program=np.array(program, dtype=np.int16),
        drum=np.array(drum, dtype=np.bool_),
        track=np.array(track, dtype=np.int16),
        length=float((begin + last).max()) if length is None else length,
        meters=meters,
    )


def line(
    pitches: Sequence[int],
    *,
    step: float = 1.0,
    start: float = 0.0,
    velocity: int = 80,
    track: int = 0,
    program: int = 0,
) -> list[Row]:
    """A voice of tones that follow one another, each as long as the next waits."""
    return [
        (start + index * step, step, pitch, velocity, program, False, track)
        for index, pitch in enumerate(pitches)
    ]


def beat(length: float, *, track: int) -> list[Row]:
    """A drummer's eighths."""
    strokes = (36, 42, 38, 42)
    return [
        (onset, 0.1, strokes[index % 4], 90, 0, True, track)
        for index, onset in enumerate(np.arange(0, length, 0.5).tolist())
    ]


def voices(count: int, length: float = 32.0) -> list[Row]:
    """Up to four voices over the scale of C major, the highest the quickest, none two tones alike in a row."""
    rng = np.random.default_rng(3)
    rows = []
    for track, (lowest, step) in enumerate([(72, 0.5), (64, 1.0), (60, 1.0), (43, 2.0)][:count]):
        degrees = np.cumsum(rng.integers(1, 6, int(length / step))) % 7
        pitches = [lowest + SCALE[degree] for degree in degrees.tolist()]
        rows += line(pitches, step=step, velocity=76 + 2 * track, track=track, program=40 + track)
    return rows


FOUR = piece(voices(4))
ONE = piece(voices(1))
DRUMS = piece(beat(32, track=0))
ONE_NOTE = piece([(0.0, 4.0, 60, 80, 0, False, 0)])

PIECES = {
    "four voices": FOUR,
    "one voice": ONE,
    "drums only": DRUMS,
    "one note": ONE_NOTE,
    "voices and drums": piece([*voices(2), *beat(32, track=2)]),
    "5/8": piece(voices(3, 20.0), meters=((0.0, 5, 8),)),
    "changing meters": piece(voices(4, 28.0), meters=((0.0, 4, 4), (8.0, 3, 4), (14.0, 7, 8))),
    "silence at both ends": piece([(9.0, 1.0, 60, 80, 0, False, 0)], 32.0),
}


def rows_of(notes: Notes) -> Counter[tuple[float, ...]]:
    """How often each row is there; moments to a millionth of a quarter note."""
    columns = [np.round(getattr(notes, name).astype(np.float64), 6).tolist() for name in COLUMNS]
    return Counter(zip(*columns, strict=True))


def changed(first: Notes, second: Notes) -> float:
    """The share of the rows of two pieces that are not in both, 0 to 1."""
    one, other = rows_of(first), rows_of(second)
    return 1 - (one & other).total() / (one | other).total()


def voice(notes: Notes, track: int) -> list[tuple[float, int]]:
    """A voice's onsets and pitches."""
    mine = notes.track == track
    return list(zip(notes.onset[mine].tolist(), notes.pitch[mine].tolist(), strict=True))


def check(notes: Notes, of: Notes) -> None:
    """Fail where what an operation made of a piece is not a piece that long: no note stuck or lost."""
    assert len(notes)
    for name in COLUMNS:
        column, before = getattr(notes, name), getattr(of, name)
        assert (len(column), column.dtype) == (len(notes), before.dtype), name
    assert abs(notes.length / of.length - 1) <= 0.1
    assert (notes.meters, notes.tempos) == (of.meters, of.tempos)
    for column, low in ((notes.pitch, 0), (notes.velocity, 1), (notes.program, 0)):
        assert low <= column.min() <= column.max() <= 127
    assert notes.track.min() >= 0
    assert notes.onset.min() >= 0
    assert notes.duration.min() >= 1 / 64 - 1e-9
    assert (notes.onset + notes.duration).max() <= notes.length + 1e-9
    assert (np.lexsort((notes.pitch, notes.onset)) == np.arange(len(notes))).all()
