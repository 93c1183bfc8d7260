"""Real music from music21's corpus: which collections, for what, and how they become notes.

Palestrina is left out (its encodings reserve the rights to all derivative formats), and so are the
Essen folk songs (given for non-commercial use), the Nottingham tunes (GPL) and the trecento works
(no licence stated).
"""

import logging
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np

from rebracket.config import data_folder
from rebracket.segment.notes import COLUMNS, Notes

logger = logging.getLogger(__name__)

Use = Literal["train", "validation", "test"]
SUFFIXES = (".mxl", ".xml", ".musicxml", ".abc")
FEWEST_NOTES = 48
FEWEST_QUARTERS = 24.0


@dataclass(frozen=True, slots=True)
class Collection:
    """A folder of music21's corpus; `limit` files of it, spread evenly, where it has more."""

    name: str
    use: Use
    limit: int = 1000


COLLECTIONS: tuple[Collection, ...] = (
    Collection("bach", "train"),
    Collection("beethoven", "train"),
    Collection("ryansMammoth", "train", limit=500),
    Collection("oneills1850", "train", limit=16),
    Collection("schumann_robert", "train"),
    Collection("schumann_clara", "train"),
    Collection("corelli", "train"),
    Collection("handel", "train"),
    Collection("cpebach", "train"),
    Collection("joplin", "train"),
    Collection("weber", "train"),
    Collection("josquin", "validation"),
    Collection("monteverdi", "validation"),
    Collection("haydn", "test"),
    Collection("mozart", "test"),
    Collection("airdsAirs", "test", limit=3),
)
"""Split by whole collections: no composer and no collector of a test piece was trained on."""


def pieces(use: Use) -> Iterator[tuple[str, Notes]]:
    """The name and notes of every piece kept for a use, in a fixed order."""
    for collection in COLLECTIONS:
        if collection.use == use:
            for path in files(collection):
                name = path.relative_to(_home()).with_suffix("").as_posix()
                for number, notes in enumerate(read(path)):
                    yield f"{name}/{number}", notes


def files(collection: Collection) -> list[Path]:
    """The files of a collection that are used."""
    folder = _home() / collection.name
    found = sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES)
    step = max(1.0, len(found) / collection.limit)
    return [found[int(index * step)] for index in range(min(len(found), collection.limit))]


def read(path: Path) -> list[Notes]:
    """A file's pieces as notes, from the cache where they were read before; too short ones are left out."""
    cached = _cache() / path.relative_to(_home()).with_suffix(".npz")
    if not cached.exists():
        cached.parent.mkdir(parents=True, exist_ok=True)
        new = cached.with_suffix(".new.npz")
        _store(new, _parse(path))
        new.replace(cached)
    return _load(cached)


def _home() -> Path:
    from music21 import corpus

    return Path(corpus.__file__).parent


def _cache() -> Path:
    return data_folder() / "music" / f"music21-{version('music21')}"


def _parse(path: Path) -> list[Notes]:
    from music21 import converter, stream

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            score = converter.parse(path)
            scores = list(score.scores) if isinstance(score, stream.base.Opus) else [score]
            found = [_notes(item) for item in scores]
    except Exception as error:  # noqa: BLE001 - music21 raises many unrelated types on odd files
        logger.warning("%s is left out: %s", path.name, str(error)[:120])
        return []
    return [
        notes
        for notes in found
        if notes is not None and len(notes) >= FEWEST_NOTES and notes.length >= FEWEST_QUARTERS
    ]


def _notes(score: Any) -> Notes | None:
    """One voice a part; grace notes, which have no length, and chord symbols are left out."""
    rows: list[tuple[float, int, float, int]] = []
    parts = list(score.parts) if hasattr(score, "parts") and len(score.parts) else [score]
    for track, part in enumerate(parts):
        for element in part.stripTies().flatten().notes:
            if "ChordSymbol" in element.classes or not element.quarterLength:
                continue
            onset, duration = float(element.offset), float(element.quarterLength)
            rows += [(onset, pitch.midi, duration, track) for pitch in element.pitches]
    if not rows:
        return None
    rows.sort()
    starts, pitches, lengths, tracks = zip(*rows, strict=True)
    begin, last = np.array(starts), np.array(lengths)
    return Notes(
        onset=begin,
        duration=last,
        pitch=np.clip(pitches, 0, 127).astype(np.int16),
        velocity=np.full(len(rows), 80, dtype=np.int16),
        program=np.zeros(len(rows), dtype=np.int16),
        drum=np.zeros(len(rows), dtype=np.bool_),
        track=np.array(tracks, dtype=np.int16),
        length=float((begin + last).max()),
        meters=_meters(parts[0]),
    )


def _meters(part: Any) -> tuple[tuple[float, int, int], ...]:
    found: dict[float, tuple[int, int]] = {}
    for item in part.flatten().getElementsByClass("TimeSignature"):
        if re.fullmatch(r"\d+/(1|2|4|8|16|32)", item.ratioString):  # what MIDI files can say
            found[float(item.offset)] = (item.numerator, item.denominator)
    found.setdefault(0.0, (4, 4))
    return tuple((offset, *found[offset]) for offset in sorted(found))


def _store(path: Path, found: Sequence[Notes]) -> None:
    arrays: dict[str, Any] = {"pieces": np.array(len(found))}
    for index, notes in enumerate(found):
        for name in COLUMNS:
            arrays[f"{name}{index}"] = getattr(notes, name)
        arrays[f"length{index}"] = np.array(notes.length)
        arrays[f"meters{index}"] = np.array(notes.meters)
    np.savez_compressed(path, **arrays)


def _load(path: Path) -> list[Notes]:
    with np.load(path) as arrays:
        return [
            Notes(
                **{name: arrays[f"{name}{index}"] for name in COLUMNS},
                length=float(arrays[f"length{index}"]),
                meters=tuple((float(a), int(b), int(c)) for a, b, c in arrays[f"meters{index}"]),
            )
            for index in range(int(arrays["pieces"]))
        ]
