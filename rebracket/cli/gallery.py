"""`rebracket gallery`."""

import sys
from pathlib import Path

import click

from rebracket.cli.common import Share, content, fails_in_one_line, needs_training_extra
from rebracket.errors import RebracketError


@click.command(epilog="Example: rebracket gallery --out gallery --intensity 0.6 --midi tune.mid")
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder for files of music and index.html.",
)
@click.option(
    "--intensity",
    default=0.8,
    show_default=True,
    type=Share(),
    help="How strongly everything is rebracketed.",
)
@click.option(
    "--seed", default=1, show_default=True, type=click.IntRange(0), help="Of the random numbers."
)
@click.option(
    "--midi", type=Path, help="A MIDI file, read for 24 s; default: a tune of four voices."
)
@click.option(
    "--audio",
    type=Path,
    help="A WAV, FLAC, OGG or MP3 file, read for 24 s; default: the notes, played.",
)
@fails_in_one_line
def gallery(out: Path, intensity: float, seed: int, midi: Path | None, audio: Path | None) -> None:
    """Render one example of each operation for eyes and ears."""
    needs_training_extra()
    from rebracket.segment.audio import read_audio
    from rebracket.segment.gallery.material import beginning_of_notes, beginning_of_sound, tune
    from rebracket.segment.gallery.write import STEPS, write_gallery
    from rebracket.segment.midi import read_midi
    from rebracket.segment.synthesis import synthesised

    notes = beginning_of_notes(read_midi(content("--midi", midi))) if midi else tune()
    sound = read_audio(content("--audio", audio)) if audio else synthesised(notes)
    sound = beginning_of_sound(sound)
    try:
        with click.progressbar(length=STEPS, label="rebracketing", file=sys.stderr) as bar:
            page = write_gallery(
                out, notes, sound, intensity=intensity, seed=seed, advance=lambda: bar.update(1)
            )
    except OSError as error:
        raise RebracketError(f"--out: {out}: {error.strerror}") from None
    click.echo(page)
