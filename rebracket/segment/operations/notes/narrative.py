"""Who tells: another piece quoted inside, a frame around, the tune retold by another instrument."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from rebracket.segment.notes import Notes
from rebracket.segment.operations.notes.tools import (
    Floats,
    Mask,
    edges,
    free_track,
    join,
    line,
    melody,
    other_program,
    share,
    span_of,
    take,
    touched,
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
    bounds = edges(notes)
    inside = _run(len(bounds) - 1, intensity, float(rng.random()))
    spans = span_of(notes, bounds)
    starts = np.flatnonzero(inside)
    start, end = bounds[starts[0]], bounds[starts[-1] + 1]
    tune, tonic = TUNES[rng.integers(len(TUNES))], 60 + int(rng.integers(-5, 7))
    steps, durations = _over_and_over(tune, float(rng.choice([0.5, 0.75, 1.0])), notes.length)
    quote = line(
        notes,
        start + np.concatenate([[0.0], np.cumsum(durations)[:-1]]),
        durations * 0.9,
        tonic + steps,
        velocity=84,
        program=other_program(notes, rng),
        track=free_track(notes),
    )
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


def _over_and_over(
    tune: tuple[tuple[int, float], ...], pace: float, length: float
) -> tuple[Floats, Floats]:
    """A tune's steps and durations, again and again for as long as a piece lasts."""
    steps, lengths = (np.array(column, dtype=np.float64) for column in zip(*tune, strict=True))
    times = int(length / (lengths.sum() * pace)) + 1
    return np.tile(steps, times), np.tile(lengths, times) * pace


def _ended_before(notes: Notes, start: float) -> Floats:
    """Durations [notes] that don't reach beyond a moment which they began before."""
    over = (notes.onset < start) & (notes.onset + notes.duration > start)
    return np.where(over, start - notes.onset, notes.duration)


def framed(notes: Notes, intensity: float, rng: Generator) -> Notes:
    """Somebody else begins and ends the tale: bare fifths of the piece's own tones, in another instrument."""
    bounds = edges(notes)
    spans = span_of(notes, bounds)
    count = len(bounds) - 1
    each = max(1, round(share(intensity) * 0.4 * count))
    outside = (spans < each) | (spans >= count - each)
    root = int(np.median(notes.pitch[~notes.drum])) if (~notes.drum).any() else 60
    starts = np.concatenate([bounds[:each], bounds[count - each : count]])
    fifths = np.repeat([root - 12, root - 5, root, root + 7], len(starts))
    frame = line(
        notes,
        np.concatenate([starts, starts, starts + 1.0, starts + 1.0]),
        0.95,
        fifths,
        velocity=76,
        program=other_program(notes, rng),
        track=free_track(notes),
    )
    return join([take(notes, ~outside), frame])


def retold(notes: Notes, intensity: float, rng: Generator) -> Notes:
    """In some bars the others fall silent and another instrument tells the tune."""
    told = touched(notes, intensity, rng)
    tune = take(notes, told & melody(notes))
    tune = replace(tune, pitch=(tune.pitch + rng.choice([-12, 0, 12])).astype(np.int16))
    teller = voiced(tune, program=other_program(notes, rng), track=free_track(notes))
    return join([take(notes, ~told), teller])
