"""Notes → a picture of a piano roll as PNG, in which what an operation changed is to be seen.

Needs matplotlib (extra `pictures`), and so is imported only where somebody asks for a picture.
"""

import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from math import ceil
from textwrap import fill
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import LinearSegmentedColormap, to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from rebracket.segment.gallery.roll import Mark, barlines, compared, pitch_range
from rebracket.segment.notes import Notes

INCHES, DPI = (12.0, 5.0), 100
"""1200 by 500 pixels."""

KINDS = {
    "gone": ("#8a8a8a", "#8a8a8a"),
    "kept": ("#5a5a5a", "#cdcdcd"),
    "altered": ("#a34700", "#ffb870"),
    "new": ("#0b3c8c", "#74b3ea"),
}
"""The colours of each kind of note, from the first voice's to the last one's.

Grey, orange and blue are three to every kind of colour-blind eye; outlines tell them apart too.
"""

VOICES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#7a7a7a", "#b8a800")
"""Colours of voices, after Okabe and Ito (2008): the next eight have these darker, and so in turn."""

DARKER = 0.55

FAMILIES = (
    *("piano", "chimes", "organ", "guitar", "bass", "strings", "ensemble", "brass"),
    *("reed", "pipe", "lead", "pad", "effects", "plucked", "percussion", "noises"),
)
"""General MIDI's sixteen families of eight programs, in a word each."""

TONES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")
NAMED = (0, 4, 7)
"""Tones of an octave that the pitch axis may name."""

FEW_PITCHES = 40
"""Semitones up to which more than each C is named and keys are shown."""

MOST_NAMED_DRUMS = 6
"""Drums up to which each is named."""

MOST_LABELS, MOST_LINES = 24, 64
"""Bars that are numbered, and lines between them, at most."""

MOST_VOICES, MOST_KEYS = 10, 9
"""Voices that the legend names, and what it holds in a row, at most."""

MOST_OUTLINED = 1_500
"""Notes over which outlines would hide what they outline."""

LETTERS, LARGEST = 110, 13
"""Characters of a line of the title, and points of their size, at most."""

INK, RULE, SHADE = "#1b1b1f", "#d0d0cc", "#f4f4f1"
LEAST_PIXELS = 2.5
"""The width of a note's rectangle at least."""

THICKEST, THINNEST = 0.95, 0.35
"""A row's share that the loudest note takes, and the share of that which the faintest one does."""

Dashes = tuple[float, tuple[float, float]]
"""Of a line: where it begins, and how long dashes and gaps are."""

Who = tuple[int, bool]
"""A voice: its track, and whether its notes are drums."""


@dataclass(frozen=True, slots=True)
class Look:
    """How notes are filled and outlined."""

    face: str
    edge: str
    line: Dashes | Literal["solid"] = "solid"
    width: float = 0.6
    hatch: str = ""


def picture(plain: Notes | None, changed: Notes, title: str) -> bytes:
    """A PNG file of 1200 by 500 pixels; the same arguments give the same bytes.

    Args:
        plain: what the notes were; notes are coloured by what became of them. With None, they are
            coloured by their voices.
        changed: the notes.
        title: stands over the picture, and in the file as its title.
    """
    buffer = BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a title may be in any script
        figure = drawn(plain, changed, title)
        figure.savefig(buffer, format="png", metadata={"Software": None, "Title": title})
    return buffer.getvalue()


def drawn(plain: Notes | None, changed: Notes, title: str) -> Figure:
    """As `picture`, before it is made pixels."""
    marks = compared(changed if plain is None else plain, changed)
    voices = _voices(marks)
    looks = _looks(voices, by_kind=plain is not None, outlined=len(marks) <= MOST_OUTLINED)
    figure = Figure(figsize=INCHES, dpi=DPI, layout="constrained", facecolor="white")
    _write(figure, title)
    parts = [part for drums in (False, True) if (part := _of(marks, drums=drums))]
    panels = figure.subplots(
        len(parts), 1, sharex=True, squeeze=False, height_ratios=_heights(parts)
    )
    for axes, part in zip(panels[:, 0].tolist(), parts, strict=True):
        _panel(axes, part, changed, looks)
    _number_bars(panels[-1, 0], barlines(changed))
    keys = [*(_kind_keys(marks) if plain is not None else []), *_voice_keys(voices, looks)]
    keys.append(_key(Look("none", "none"), "thicker: louder"))
    columns = ceil(len(keys) / ceil(len(keys) / MOST_KEYS))
    figure.legend(
        handles=keys,
        loc="outside lower center",
        ncols=columns,
        fontsize=9,
        columnspacing=1.4,
        frameon=False,
    )
    return figure


def _write(figure: Figure, title: str) -> None:
    """The title without what can't be printed, in lines that fit: in smaller letters if they must."""
    printed = "".join(letter if letter.isprintable() else " " for letter in title)
    lines = fill(printed, LETTERS, max_lines=2, placeholder=" …")
    text = figure.suptitle(lines, parse_math=False, fontsize=LARGEST, color=INK)
    wide, room = text.get_window_extent().width, 0.98 * INCHES[0] * DPI
    text.set_fontsize(LARGEST * min(1, room / max(wide, 1)))


def _who(mark: Mark) -> Who:
    return mark.voice.track, mark.voice.drum


def _voices(marks: Iterable[Mark]) -> dict[Who, int]:
    """The voices in order, with the program of each one's first note."""
    found: dict[Who, int] = {}
    for mark in sorted(marks, key=lambda mark: (_who(mark), mark.place)):
        found.setdefault(_who(mark), mark.voice.program)
    return found


def _of(marks: Iterable[Mark], *, drums: bool) -> list[Mark]:
    return [mark for mark in marks if mark.voice.drum == drums]


def _looks(voices: Iterable[Who], *, by_kind: bool, outlined: bool) -> dict[tuple[str, Who], Look]:
    """How each kind of each voice's notes looks."""
    voices = list(voices)
    if not by_kind:
        return {
            ("kept", who): Look(_voice_colour(index), "white", width=0.6 if outlined else 0)
            for index, who in enumerate(voices)
        }
    return {
        (kind, who): _look(kind, index / max(len(voices) - 1, 1), outlined=outlined)
        for kind in KINDS
        for index, who in enumerate(voices)
    }


def _voice_colour(index: int) -> str:
    times, place = divmod(index % (2 * len(VOICES)), len(VOICES))
    red, green, blue = (part * DARKER**times for part in to_rgb(VOICES[place]))
    return to_hex((red, green, blue))


def _look(kind: str, level: float, *, outlined: bool) -> Look:
    """A kind's look at a level of brightness, 0 to 1."""
    colour = to_hex(LinearSegmentedColormap.from_list(kind, KINDS[kind])(level))
    if kind == "gone":
        return (
            Look("none", colour, line=(0, (2, 1.5)), width=0.9)
            if outlined
            else Look("none", colour)
        )
    if kind == "kept" or not outlined:
        return Look(colour, "white", width=0.6 if outlined else 0)
    return Look(colour, INK, width=0.9, hatch="////" if kind == "altered" else "")


def _heights(parts: Sequence[Sequence[Mark]]) -> list[float]:
    """The share of the height that each panel has: drums take a third at most."""
    if len(parts) == 1:
        return [1.0]
    share = min(0.33, max(0.14, 0.04 * len({mark.place[2] for mark in parts[1]})))
    return [1 - share, share]


def _panel(
    axes: Axes, marks: Sequence[Mark], piece: Notes, looks: dict[tuple[str, Who], Look]
) -> None:
    """Draw pitched notes over a keyboard, or drums over a row each."""
    pitches = [mark.place[2] for mark in marks]
    if marks[0].voice.drum:
        rows = {pitch: row for row, pitch in enumerate(sorted(set(pitches)))}
        axes.set_ylim(-0.5, len(rows) - 0.5)
        axes.set_ylabel("drums")
        named = rows if len(rows) <= MOST_NAMED_DRUMS else {}
        axes.set_yticks([*named.values()], [*map(_name, named)], fontsize=8)
    else:
        rows = {pitch: pitch for pitch in pitches}
        _keyboard(axes, *pitch_range(pitches))
    axes.set_xlim(0, piece.length)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    least = LEAST_PIXELS * piece.length / (INCHES[0] * DPI)
    groups: dict[tuple[str, Who], list[Mark]] = {}
    for mark in marks:
        groups.setdefault((mark.kind, _who(mark)), []).append(mark)
    for key, look in looks.items():
        if mine := groups.get(key):
            axes.add_collection(_rectangles(mine, rows, look, least), autolim=False)
    _rule(axes, barlines(piece))


def _keyboard(axes: Axes, lowest: int, count: int) -> None:
    """The pitch axis: names, and where there are few pitches a shade for each black key."""
    shown = range(lowest, lowest + count)
    axes.set_ylim(lowest - 1, lowest + count)
    axes.set_ylabel("pitch")
    few = count <= FEW_PITCHES
    named = [pitch for pitch in shown if pitch % 12 in (NAMED if few else NAMED[:1])]
    axes.set_yticks(named, [*map(_name, named)], fontsize=9)
    for pitch in shown:
        if pitch % 12 == 0:
            axes.axhline(pitch - 0.5, color=RULE, linewidth=0.8, zorder=0.5)
        if few and "♯" in _name(pitch):
            axes.axhspan(pitch - 0.5, pitch + 0.5, color=SHADE, linewidth=0, zorder=0)


def _name(pitch: int) -> str:
    """As C4, which is 60."""
    return f"{TONES[pitch % 12]}{pitch // 12 - 1}"


def _rectangles(
    marks: Sequence[Mark], rows: dict[int, int], look: Look, least: float
) -> PolyCollection:
    return PolyCollection(
        [_corners(mark, rows[mark.place[2]], least) for mark in marks],
        facecolor=look.face,
        edgecolor=look.edge,
        linestyle=look.line,
        linewidth=look.width,
        hatch=look.hatch,
        zorder=2,
    )


def _corners(mark: Mark, row: int, least: float) -> list[tuple[float, float]]:
    onset, duration, _ = mark.place
    end = onset + max(duration, least)
    half = (THINNEST + (1 - THINNEST) * mark.voice.velocity / 127) * THICKEST / 2
    return [(onset, row - half), (onset, row + half), (end, row + half), (end, row - half)]


def _rule(axes: Axes, starts: Sequence[float]) -> None:
    """Lines between bars, of many bars only some."""
    step = _step(len(starts), MOST_LINES)
    for start in starts[::step]:
        axes.axvline(start, color=RULE, linewidth=0.8, zorder=0.5)


def _number_bars(axes: Axes, starts: Sequence[float]) -> None:
    step = _step(len(starts), MOST_LABELS)
    numbers = range(0, len(starts), step)
    axes.set_xticks(
        [starts[n] for n in numbers], [str(n + 1) for n in numbers], fontsize=9, ha="left"
    )
    axes.set_xlabel("bar")


def _step(count: int, most: int) -> int:
    """The least power of 2 with which so many are no more than `most`."""
    step = 1
    while count > most * step:
        step *= 2
    return step


def _kind_keys(marks: Iterable[Mark]) -> list[Patch]:
    counts = Counter(mark.kind for mark in marks)
    return [
        _key(_look(kind, 0.3, outlined=True), f"{kind} ({counts[kind]})")
        for kind in ("kept", "altered", "new", "gone")
    ]


def _voice_keys(voices: dict[Who, int], looks: dict[tuple[str, Who], Look]) -> list[Patch]:
    shown = list(voices.items())[:MOST_VOICES]
    keys = [
        _key(looks["kept", who], f"{number} {'drums' if who[1] else FAMILIES[program // 8]}")
        for number, (who, program) in enumerate(shown, start=1)
    ]
    if len(voices) > len(shown):
        keys.append(_key(Look("none", "none"), f"and {len(voices) - len(shown)} more"))
    return keys


def _key(look: Look, label: str) -> Patch:
    return Patch(
        facecolor=look.face,
        edgecolor=look.edge,
        linestyle=look.line,
        linewidth=look.width,
        hatch=look.hatch,
        label=label,
    )
