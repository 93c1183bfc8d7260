"""The encoders of music by name, and how their weights are read."""

from pathlib import Path

from rebracket.models import precision
from rebracket.models.notes import NotesReader
from rebracket.models.sound import SoundReader

MusicReader = NotesReader | SoundReader
READERS: dict[str, type[NotesReader] | type[SoundReader]] = {
    "notes": NotesReader,
    "sound": SoundReader,
}


def load(encoder: str, path: Path) -> MusicReader:
    """Read weights, ready to infer.

    Raises:
        ModelIncompatible: the file holds other tensors than this encoder has.
    """
    return precision.load(READERS[encoder](), path, what=f"the encoder of {encoder}")
