"""Whether files can be written where they are to be."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile

from rebracket.config import data_folder


def problems() -> Iterator[str]:
    """What stops this deployment's own folder, beside the model store, from being written."""
    folder = data_folder()
    if reason := unwritable(folder / "salt"):
        yield f"BENTOML_HOME: {folder} can't be written: {reason}"


def unwritable(file: Path) -> str | None:
    """Why a file, or one beside it, can't be written or made, folders included; None if it can.

    A file without a name is made in the nearest folder that there is: what permissions say is not
    all, the disk may be read-only.
    """
    try:
        nearest = next(folder for folder in file.absolute().parents if folder.exists())
        with TemporaryFile(dir=nearest):
            pass
        if file.exists():
            with file.open("r+b"):
                pass
    except OSError as error:
        return error.strerror
    return None
