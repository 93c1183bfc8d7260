"""Material → the gallery's files."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from rebracket.segment.audio import write_wav
from rebracket.segment.gallery.page import Exhibit, Room, image, page
from rebracket.segment.gallery.roll import piano_roll
from rebracket.segment.gallery.spectrogram import spectrogram
from rebracket.segment.midi import write_midi
from rebracket.segment.notes import Notes
from rebracket.segment.operations.notes import OPERATIONS as ON_NOTES
from rebracket.segment.operations.operation import Operation
from rebracket.segment.operations.sound import OPERATIONS as ON_SOUND
from rebracket.segment.sound import Sound
from rebracket.segment.synthesis import synthesised
from rebracket.taxonomy import TYPES

STEPS = len(ON_NOTES) + len(ON_SOUND)
"""How many examples there are."""

M = TypeVar("M")


def write_gallery(
    out: Path,
    notes: Notes,
    sound: Sound,
    *,
    intensity: float,
    seed: int,
    advance: Callable[[], None] = lambda: None,
) -> Path:
    """Write an example of each operation into a folder, and a page that shows them.

    Args:
        out: the folder, made where it is missing; files of the same names are written over.
        notes: what operations on notes are applied to.
        sound: what operations on sound are applied to, one or two channels at 16 kHz.
        intensity: 0 to 1.
        seed: of every operation's random numbers.
        advance: called after each of `STEPS` examples.

    Returns:
        The page, `index.html`. The same arguments write the same bytes.

    Raises:
        OSError: the folder can't be written to.
    """
    for folder in ("notes", "sound"):
        (out / folder).mkdir(parents=True, exist_ok=True)

    def applied(operation: Operation[M], material: M) -> M:
        rebracketed = operation.apply(material, intensity, np.random.default_rng(seed))
        advance()
        return rebracketed

    plain = [
        _of_notes(out, "plain", "plain notes", "The notes as they were.", notes, notes),
        _of_sound(out, "plain", "plain sound", "The sound as it was.", sound),
    ]
    shown_notes = [
        _of_notes(out, _file(item), item.name, _meaning(item), notes, applied(item, notes))
        for item in ON_NOTES
    ]
    shown_sounds = [
        _of_sound(out, _file(item), _spoken(item), _meaning(item), applied(item, sound))
        for item in ON_SOUND
    ]
    rooms = [
        Room(kind, shown_notes[3 * index : 3 * index + 3], shown_sounds[3 * index : 3 * index + 3])
        for index, kind in enumerate(TYPES)
    ]
    path = out / "index.html"
    path.write_text(page(plain, rooms, intensity=intensity, seed=seed), encoding="utf-8")
    return path


def _of_notes(
    out: Path, file: str, name: str, meaning: str, plain: Notes, changed: Notes
) -> Exhibit:
    """Write a MIDI file and how it sounds, and show what changed."""
    midi, audio = f"notes/{file}.mid", f"notes/{file}.wav"
    (out / midi).write_bytes(write_midi(changed))
    (out / audio).write_bytes(write_wav(synthesised(changed)))
    roll = piano_roll(plain, changed, f"Piano roll: {name}")
    return Exhibit(f"{name}, in notes", meaning, roll, audio, midi)


def _of_sound(out: Path, file: str, name: str, meaning: str, sound: Sound) -> Exhibit:
    """Write a WAV file, and show its spectra."""
    audio = f"sound/{file}.wav"
    (out / audio).write_bytes(write_wav(sound))
    picture = image(spectrogram(sound), f"Spectrogram: {name}")
    return Exhibit(f"{name}, in sound", meaning, picture, audio)


def _spoken(operation: Operation[M]) -> str:
    return operation.name.replace("_", " ")


def _file(operation: Operation[M]) -> str:
    return f"{operation.type}-{_spoken(operation).replace(' ', '-')}"


def _meaning(operation: Operation[M]) -> str:
    """The operation's docstring says it in a line."""
    return (operation.apply.__doc__ or "").strip().partition("\n")[0]
