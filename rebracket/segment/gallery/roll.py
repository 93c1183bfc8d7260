"""Notes → a piano roll as SVG, in which what an operation changed is to be seen."""

from collections import Counter
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

import numpy as np

from rebracket.segment.notes import Notes

WIDTH, HEIGHT = 960, 220
MARGIN = 4
FEWEST_PITCHES = 24
"""Semitones that a roll shows at least."""

Place = tuple[float, float, int]
"""Onset, duration (in quarter notes, to a millionth) and pitch."""


class Voice(NamedTuple):
    """By whom a note is played, and how loud."""

    velocity: int
    program: int
    drum: bool
    track: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A note of a roll.

    `kind` is 'kept'; 'altered', in its place, but by another voice or at another loudness; 'new'; or
    'gone'.
    """

    place: Place
    voice: Voice
    kind: str


def compared(plain: Notes, changed: Notes) -> list[Mark]:
    """The notes of both, those that are gone first: they lie underneath."""
    before, after = _rows(plain), _rows(changed)
    there = Counter(place for place, _ in after)
    gone = []
    for place, voice in before:
        there[place] -= 1
        if there[place] < 0:
            gone.append(Mark(place, voice, "gone"))
    rows, places = Counter(before), Counter(place for place, _ in before)
    marks = []
    for place, voice in after:
        rows[place, voice] -= 1
        places[place] -= 1
        known = "altered" if places[place] >= 0 else "new"
        marks.append(Mark(place, voice, "kept" if rows[place, voice] >= 0 else known))
    return [*gone, *marks]


def _rows(notes: Notes) -> list[tuple[Place, Voice]]:
    columns = (notes.velocity, notes.program, notes.drum, notes.track)
    onset, duration = np.round(notes.onset, 6).tolist(), np.round(notes.duration, 6).tolist()
    places = zip(onset, duration, notes.pitch.tolist(), strict=True)
    voices = map(Voice, *(column.tolist() for column in columns))
    return list(zip(places, voices, strict=True))


def piano_roll(plain: Notes, changed: Notes, title: str) -> str:
    """An SVG element `WIDTH` by `HEIGHT` with a rectangle for each note, its kind as its class.

    Time runs to the right and pitch upwards; the louder a note, the more opaque. The style is the
    page's. `title` is what is read aloud in the picture's place.
    """
    marks = compared(plain, changed)
    lowest, rows = pitch_range([mark.place[2] for mark in marks])
    across = WIDTH / max(plain.length, changed.length)
    high = (HEIGHT - 2 * MARGIN) / rows
    bars = "".join(
        f'<line x1="{at * across:.1f}" x2="{at * across:.1f}" y1="0" y2="{HEIGHT}"/>'
        for at in barlines(plain)
    )
    shapes = "".join(_rectangle(mark, across, high, lowest + rows) for mark in marks)
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{bars}{shapes}</svg>"
    )


def pitch_range(pitches: list[int]) -> tuple[int, int]:
    """The lowest pitch that is shown of a piece with these pitches, and how many are."""
    lowest, highest = min(pitches, default=60), max(pitches, default=60)
    spare = max(0, FEWEST_PITCHES - (highest - lowest + 1))
    return lowest - spare // 2, highest - lowest + 1 + spare


def barlines(notes: Notes) -> list[float]:
    """Where each bar begins, in quarter notes."""
    bounds = [*(start for start, _, _ in notes.meters[1:]), notes.length]
    return [
        float(at)
        for (start, over, under), end in zip(notes.meters, bounds, strict=True)
        for at in np.arange(start, min(end, notes.length), over * 4 / under)
    ]


def _rectangle(mark: Mark, across: float, high: float, top: int) -> str:
    onset, duration, pitch = mark.place
    opacity = (
        ""
        if mark.kind == "gone"
        else f' fill-opacity="{0.3 + 0.7 * mark.voice.velocity / 127:.2f}"'
    )
    return (
        f'<rect class="{mark.kind}" x="{onset * across:.1f}" y="{MARGIN + (top - pitch - 1) * high:.1f}"'
        f' width="{max(duration * across - 0.5, 1.5):.1f}" height="{max(high - 0.5, 1.5):.1f}"{opacity}/>'
    )
