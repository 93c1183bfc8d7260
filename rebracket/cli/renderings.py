"""What commands that make notes write beside the MIDI file: how it sounds, and how it looks."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rebracket.cli.common import needs_pictures_extra
from rebracket.cli.files import Outputs
from rebracket.errors import RebracketError

if TYPE_CHECKING:
    from rebracket.segment.notes import Notes


def check_renderings(outputs: Outputs) -> None:
    """Fail where a picture is asked for and what draws it is not installed."""
    if "--png" in outputs:
        needs_pictures_extra()


def renderings(
    outputs: Outputs, plain: "Notes | None", changed: "Notes", title: str
) -> Iterator[tuple[str, bytes]]:
    """The contents of the files that `--wav` and `--png` name, where they do.

    `plain` and `title` are the picture's (see `rebracket.segment.gallery.picture`).

    Raises:
        RebracketError: it would sound for longer than a sound file that is read may.
    """
    if "--wav" in outputs:
        yield "--wav", _played(changed)
    if "--png" in outputs:
        from rebracket.segment.gallery.picture import picture

        yield "--png", picture(plain, changed, title)


def _played(notes: "Notes") -> bytes:
    import numpy as np

    from rebracket.segment.audio import MAX_SECONDS, write_wav
    from rebracket.segment.clock import seconds_at
    from rebracket.segment.synthesis import synthesised

    seconds = float(seconds_at(notes, np.array(notes.length)))
    if seconds > MAX_SECONDS:
        raise RebracketError(
            f"--wav: the piece lasts {seconds:.0f} s, and only {MAX_SECONDS} s are played"
        )
    return write_wav(synthesised(notes))
