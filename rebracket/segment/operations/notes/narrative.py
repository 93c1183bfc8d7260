"""Who tells: another piece quoted inside, a frame around, the tune retold by another instrument."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from rebracket.segment.notes import Notes
from rebracket.segment.operations.notes.tools import (
    Floats,
    Mask,
    chosen,
    edges,
    free_track,
    join,
    melody,
    other_program,
    share,
    span_of,
    take,
    voiced,
)

TUNES: tuple[tuple[tuple[int, float], ...], ...] = (
    # Frère Jacques
    ((0, 1), (2, 1), (4, 1), (0, 1), (0, 1), (2, 1), (4, 1), (0, 1), (4, 1), (5, 1), (7, 2)),
    # Ode an die Freude
    (
        (4, 1),
        (4, 1),
        (5, 1),
        (7, 1),
        (7, 1),
        (5, 1),
        (4, 1),
        (2, 1),
        (0, 1),
        (0, 1),
        (2, 1),
        (4, 1),
    ),
    # Ah ! vous dirai-je, maman
    ((0, 1), (0, 1), (7, 1), (7, 1), (9, 1), (9, 1), (7, 2), (5, 1), (5, 1), (4, 1), (4, 1)),
    # Dies irae
    (
        (5, 1),
        (4, 1),
        (5, 1),
        (2, 1),
        (4, 1),
        (0, 1),
        (2, 2),
        (2, 1),
        (5, 1),
        (7, 1),
        (5, 1),
        (4, 1),
    ),
    # Au clair de la lune
    ((0, 1), (0, 1), (0, 1), (2, 1), (4, 2), (2, 2), (0, 1), (4, 1), (2, 1), (2, 1), (0, 2)),
    # Greensleeves
    ((9, 1), (12, 2), (14, 1), (16, 1.5), (17, 0.5), (16, 1), (14, 2), (11, 1), (7, 1.5), (9, 0.5)),
)
"""Openings of tunes that everybody knows and nobody owns: (semitones over the tonic, quarter notes)."""


def quoted(notes: Notes, intensity: float, rng: Generator) -> Notes:
    """The piece breaks off, another is heard in another key and instrument, and the piece goes on."""
    if not intensity:
        return notes
    bounds = edges(notes)
    inside = _run(len(bounds) - 1, intensity, float(rng.random()))
    spans = span_of(notes, bounds)
    starts = np.flatnonzero(inside)
    start, end = bounds[starts[0]], bounds[starts[-1] + 1]
    tune = TUNES[rng.integers(len(TUNES))]
    other = _tune(tune, 60 + int(rng.integers(-5, 7)), float(rng.choice([0.5, 0.75, 1.0])), notes)
    quote = voiced(other, program=other_program(notes, rng), track=free_track(notes))
    quote = replace(quote, onset=quote.onset + start)
    quote = take(quote, quote.onset < end - 1e-6)
    quote = replace(quote, duration=np.minimum(quote.duration, end - quote.onset))
    rest = take(notes, ~inside[spans])
    rest = replace(rest, duration=_ended_before(rest, start))
    return join([rest, quote])


def _run(count: int, intensity: float, where: float) -> Mask:
    """A run of things in a row, longer with intensity, that leaves one on each side where it can."""
    long = max(1, min(count - 1, round(share(intensity) * 0.75 * count)))
    first = round(where * (count - long))
    index = np.arange(count)
    return np.asarray((index >= first) & (index < first + long))


def _tune(tune: tuple[tuple[int, float], ...], tonic: int, pace: float, like: Notes) -> Notes:
    """A tune over and over, for as long as a piece lasts."""
    steps, lengths = (np.array(column, dtype=np.float64) for column in zip(*tune, strict=True))
    times = int(like.length / (lengths.sum() * pace)) + 1
    durations = np.tile(lengths, times) * pace
    count = len(durations)
    return replace(
        like,
        onset=np.concatenate([[0.0], np.cumsum(durations)[:-1]]),
        duration=durations * 0.9,
        pitch=(tonic + np.tile(steps, times)).astype(np.int16),
        velocity=np.full(count, 84, dtype=np.int16),
        program=np.zeros(count, dtype=np.int16),
        drum=np.zeros(count, dtype=np.bool_),
        track=np.zeros(count, dtype=np.int16),
    )


def _ended_before(notes: Notes, start: float) -> Floats:
    """Durations [notes] that don't reach beyond a moment which they began before."""
    over = (notes.onset < start) & (notes.onset + notes.duration > start)
    return np.where(over, start - notes.onset, notes.duration)


def framed(notes: Notes, intensity: float, rng: Generator) -> Notes:
    """Somebody else begins and ends the tale: bare fifths of the piece's own tones, in another instrument."""
    if not intensity:
        return notes
    bounds = edges(notes)
    spans = span_of(notes, bounds)
    count = len(bounds) - 1
    each = max(1, round(share(intensity) * 0.4 * count))
    outside = (spans < each) | (spans >= count - each)
    root = int(np.median(notes.pitch[~notes.drum])) if (~notes.drum).any() else 60
    frame = _frame(notes, bounds[:each], root)
    close = _frame(notes, bounds[count - each : count], root)
    program, track = other_program(notes, rng), free_track(notes)
    voices = [voiced(part, program=program, track=track) for part in (frame, close)]
    return join([take(notes, ~outside), *voices])


def _frame(like: Notes, starts: Floats, root: int) -> Notes:
    onset = np.concatenate([starts, starts, starts + 1.0, starts + 1.0])
    pitch = np.repeat([root - 12, root - 5, root, root + 7], len(starts))
    count = len(onset)
    return replace(
        like,
        onset=onset,
        duration=np.full(count, 0.95),
        pitch=pitch.astype(np.int16),
        velocity=np.full(count, 76, dtype=np.int16),
        program=np.zeros(count, dtype=np.int16),
        drum=np.zeros(count, dtype=np.bool_),
        track=np.zeros(count, dtype=np.int16),
    )


def retold(notes: Notes, intensity: float, rng: Generator) -> Notes:
    """In some bars the others fall silent and another instrument tells the tune."""
    if not intensity:
        return notes
    bounds = edges(notes)
    spans = span_of(notes, bounds)
    told = chosen(len(bounds) - 1, intensity, rng)[spans]
    tune = take(notes, told & melody(notes))
    tune = replace(tune, pitch=(tune.pitch + rng.choice([-12, 0, 12])).astype(np.int16))
    teller = voiced(tune, program=other_program(notes, rng), track=free_track(notes))
    return join([take(notes, ~told), teller])
