"""Notes → windows of event features, what the encoder of notes reads.

Everything is said in relation to the window: to the note before, to the voice, to what sounds along,
to the scale and to earlier material, so that key, register, tempo and instruments by themselves tell
nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

import numpy as np
from numpy.typing import NDArray

from rebracket.segment.notes import Notes
from rebracket.segment.window import MusicWindow

Floats = NDArray[np.float64]

WINDOW = 256
"""Notes in a window at most."""

SPAN = 40.0
"""Quarter notes in a window at most."""

PERIODS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Quarter notes of the waves that say when a note begins."""

TOGETHER = 0.06
"""Quarter notes within which two notes begin together."""

LAGS = 4.0
"""Quarter notes after which a copy is looked for no more."""

LAG_STEP = 0.125
REACH = 24
"""Semitones between a note and its copy at most."""


@dataclass(frozen=True, slots=True)
class EventWindow(MusicWindow):
    """Some of a piece's notes."""

    INPUT = "events"
    notes: Notes
    indexes: NDArray[np.intp]

    @property
    def work(self) -> int:
        """How many notes it has."""
        return len(self.indexes)

    def features(self) -> NDArray[np.float32]:
        """[notes, FEATURES]."""
        return _features(self.notes, self.indexes)


def windows(notes: Notes) -> list[EventWindow]:
    """Even windows of at most `SPAN` quarter notes and `WINDOW` notes; stretches of silence give none."""
    return [EventWindow(notes, indexes) for indexes in _cuts(notes.onset) if len(indexes)]


def _cuts(onset: Floats) -> Iterator[NDArray[np.intp]]:
    """Which notes are in each window, in order."""
    first, last = float(onset[0]), float(onset[-1])
    spans = max(1, ceil((last - first + 1e-6) / SPAN))
    bounds = np.searchsorted(onset, np.linspace(first, last + 1e-6, spans + 1))
    bounds[-1] = len(onset)
    for start, end in pairwise(bounds.tolist()):
        parts = max(1, ceil((end - start) / WINDOW))
        edges = np.linspace(start, end, parts + 1).round().astype(np.intp)
        for a, b in pairwise(edges):
            yield np.arange(a, b)


def _features(notes: Notes, window: NDArray[np.intp]) -> NDArray[np.float32]:
    onset, duration = notes.onset[window], notes.duration[window]
    pitch = notes.pitch[window].astype(np.float64)
    velocity = notes.velocity[window].astype(np.float64)
    track, program = notes.track[window], np.where(notes.drum[window], -1, notes.program[window])
    columns = [
        *_time(onset, duration, notes.meters),
        *_pitch(pitch, duration),
        *_dynamics(velocity, track),
        *_voice(onset, duration, pitch, track),
        *_company(onset, duration, pitch),
        *_players(onset, track, program, notes.drum[window]),
        *_copies(onset, pitch, velocity, track),
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def _time(
    onset: Floats, duration: Floats, meters: tuple[tuple[float, int, int], ...]
) -> list[Floats]:
    """Where in time, in the beat and in the bar."""
    before = np.diff(onset, prepend=onset[0])
    place = (onset - onset[0]) / max(float(onset[-1] - onset[0]), 1.0)
    columns = [_log(before), _log(duration), place]
    for period in PERIODS:
        angle = 2 * np.pi * onset / period
        columns += [np.sin(angle), np.cos(angle)]
    starts = np.array([start for start, _, _ in meters])
    bars = np.array([numerator * 4 / denominator for _, numerator, denominator in meters])
    which = np.clip(np.searchsorted(starts, onset + 1e-6, side="right") - 1, 0, None)
    angle = 2 * np.pi * (onset - starts[which]) / bars[which]
    columns += [np.sin(angle), np.cos(angle)]
    ends = onset + duration
    return columns + [_off(moment, step) for moment in (onset, ends) for step in (4, 3)]


def _off(moment: Floats, steps: int) -> Floats:
    """How far from the nearest of so many equal parts of a beat, 0 to 1."""
    return np.abs(moment * steps - np.rint(moment * steps)) * 2


def _pitch(pitch: Floats, duration: Floats) -> list[Floats]:
    """Which tone, how high within the window, and how much at home there."""
    degree = (pitch % 12).astype(np.intp)
    lasting = np.bincount(degree, weights=duration, minlength=12)
    weights = lasting / max(float(lasting.sum()), 1e-9)
    tones = np.eye(12)[degree]
    centre = float(np.median(pitch))
    neighbours = weights[(degree + 1) % 12] + weights[(degree - 1) % 12]
    return [
        *tones.T,
        (pitch - centre) / 24,
        pitch / 64 - 1,
        weights[degree] * 4,
        neighbours * 4,
    ]


def _dynamics(velocity: Floats, track: NDArray[np.int16]) -> list[Floats]:
    """How loud, within the window and within the voice."""
    _, voice = np.unique(track, return_inverse=True)
    means = np.bincount(voice, weights=velocity) / np.bincount(voice)
    before = np.diff(velocity, prepend=velocity[0])
    return [
        velocity / 64 - 1,
        (velocity - velocity.mean()) / 32,
        (velocity - means[voice]) / 32,
        before / 32,
    ]


def _voice(
    onset: Floats, duration: Floats, pitch: Floats, track: NDArray[np.int16]
) -> list[Floats]:
    """How a note follows and precedes those of its voice."""
    order = np.lexsort((pitch, onset, track))
    new = np.diff(track[order], prepend=track[order[0]] - 1) != 0
    columns = []
    for values, first in (
        (np.diff(pitch[order], prepend=0.0), 0.0),
        (np.diff(onset[order], prepend=0.0), LAGS),
        (onset[order] - np.roll(onset[order] + duration[order], 1), 0.0),
    ):
        back = np.empty(len(onset))
        back[order] = np.where(new, first, values)
        ahead = np.empty(len(onset))
        ahead[order] = np.append(np.where(new, first, values)[1:], first)
        columns += [back, ahead]
    interval, interval_ahead, since, until, gap, gap_ahead = columns
    octave = (np.abs(interval) >= 12) & (np.abs(interval) % 12 == 0)  # noqa: PLR2004 - an octave
    return [
        np.clip(interval / 12, -3, 3),
        np.clip(interval_ahead / 12, -3, 3),
        (np.abs(interval) > 11).astype(np.float64),  # noqa: PLR2004 - a leap beyond the seventh
        octave.astype(np.float64),
        _log(since),
        _log(until),
        np.clip(gap, -2, 2),
        np.clip(gap_ahead, -2, 2),
    ]


def _company(onset: Floats, duration: Floats, pitch: Floats) -> list[Floats]:
    """What sounds when a note begins."""
    starts = onset[None, :] <= onset[:, None] + TOGETHER
    sounding = starts & ((onset + duration)[None, :] > onset[:, None] + TOGETHER)
    np.fill_diagonal(sounding, val=False)
    interval = pitch[None, :] - pitch[:, None]
    above = np.where(sounding & (interval > 0), interval, np.inf).min(axis=1, initial=36)
    below = np.where(sounding & (interval < 0), -interval, np.inf).min(axis=1, initial=36)
    rough = sounding & np.isin(np.abs(interval) % 12, (1, 2, 6, 10, 11))
    sharp = sounding & np.isin(np.abs(interval) % 12, (1, 11))
    together = np.abs(onset[None, :] - onset[:, None]) <= TOGETHER
    return [
        sounding.sum(axis=1) / 6,
        (above >= 36).astype(np.float64),  # noqa: PLR2004 - none
        (below >= 36).astype(np.float64),  # noqa: PLR2004 - none
        np.minimum(above, 36) / 12,
        np.minimum(below, 36) / 12,
        rough.sum(axis=1) / 3,
        sharp.sum(axis=1) / 2,
        (together.sum(axis=1) - 1) / 6,
    ]


def _players(
    onset: Floats, track: NDArray[np.int16], program: NDArray[np.int16], drum: NDArray[np.bool_]
) -> list[Floats]:
    """Who plays: alone or one of many, from when to when."""
    columns = [drum.astype(np.float64)]
    whole = max(float(onset[-1] - onset[0]), 1.0)
    for player in (track, program):
        names, which = np.unique(player, return_inverse=True)
        count = np.bincount(which)
        first = np.full(len(names), np.inf)
        last = np.full(len(names), -np.inf)
        np.minimum.at(first, which, onset)
        np.maximum.at(last, which, onset)
        before = np.diff(which, prepend=which[0]) == 0
        columns += [
            before.astype(np.float64),
            count[which] / len(onset),
            (first[which] - onset[0]) / whole,
            (onset[-1] - last[which]) / whole,
            np.full(len(onset), min(len(names), 8) / 4),
        ]
    others = np.abs(onset[None, :] - onset[:, None]) <= 1.0
    alike = others & (track[None, :] == track[:, None])
    return [*columns, alike.sum(axis=1) / others.sum(axis=1)]


def _copies(
    onset: Floats, pitch: Floats, velocity: Floats, track: NDArray[np.int16]
) -> list[Floats]:
    """Whether a note leads or follows a copy of its line: a lag and an interval that many pairs share."""
    lag = onset[None, :] - onset[:, None]  # [leader, follower]
    interval = (pitch[None, :] - pitch[:, None]).astype(np.intp)
    near = np.abs(interval) <= REACH
    columns = []
    for pairs in (
        near & (np.abs(lag) <= TOGETHER) & (track[None, :] != track[:, None]) & (interval != 0),
        near & (lag > TOGETHER) & (lag <= LAGS) & (track[None, :] != track[:, None]),
        near & (lag > TOGETHER) & (lag <= LAGS) & (track[None, :] == track[:, None]),
    ):
        leader, follower = np.nonzero(pairs)
        step = np.rint(lag[leader, follower] / LAG_STEP).astype(np.intp)
        kind = (step - step.min(initial=0)) * (2 * REACH + 1) + interval[leader, follower] + REACH
        strength = (np.bincount(kind, minlength=1) / len(onset))[kind]
        change = (velocity[follower] - velocity[leader]) / 32
        columns += _strongest(len(onset), leader, strength, change)
        columns += _strongest(len(onset), follower, strength, change)
    return columns


def _strongest(
    count: int, which: NDArray[np.intp], strength: Floats, change: Floats
) -> list[Floats]:
    """Of each note's pairs the one whose kind is most common: how common, and how it changes loudness."""
    order = np.argsort(strength, kind="stable")
    best, dynamics = np.zeros(count), np.zeros(count)
    best[which[order]] = strength[order]
    dynamics[which[order]] = change[order]
    return [best * 2, dynamics]


def _log(quarters: Floats) -> Floats:
    """Small values apart, large ones near: log(1 + 4 quarters) / 2."""
    return np.log1p(4 * np.clip(quarters, 0, 64)) / 2


FEATURES = 3 + 2 * len(PERIODS) + 2 + 4 + 16 + 4 + 8 + 8 + 12 + 12
"""How many features an event has."""
