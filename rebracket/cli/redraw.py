"""`rebracket rebracket`: operations on notes, applied to a piece of one's own."""

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from rebracket.cli.common import Share, as_json_option, content, fails_in_one_line
from rebracket.cli.files import check_outputs, write_whole
from rebracket.cli.renderings import check_renderings, renderings
from rebracket.errors import RebracketError
from rebracket.taxonomy import TYPES

if TYPE_CHECKING:
    from rebracket.segment.notes import Notes
    from rebracket.segment.operations.operation import Operation

KINDS = ("kept", "altered", "new", "gone")
PATH = click.Path(path_type=Path)


def _operations(kind: str) -> dict[str, "Operation[Notes]"]:
    """A type's operations by the names that the option takes."""
    from rebracket.segment.operations.notes import OPERATIONS

    return {item.name.replace(" ", "-"): item for item in OPERATIONS if item.type == kind}


def _complete(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The operations of the type that was given so far, or of all types."""
    kinds = [kind] if (kind := context.params.get("kind")) else TYPES
    names = [name for kind in kinds for name in _operations(kind)]
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


@click.command(
    "rebracket",
    epilog="Example: rebracket rebracket tune.mid --type temporal --intensity 0.7 "
    "--out changed.mid --png changed.png",
)
@click.argument("file", type=PATH)
@click.option(
    "--type",
    "kind",
    required=True,
    type=click.Choice([kind.value for kind in TYPES]),
    help="What is redrawn.",
)
@click.option(
    "--intensity", default=0.7, show_default=True, type=Share(), help="How strongly, 0 to 1."
)
@click.option(
    "--operation",
    shell_complete=_complete,
    help="One of the type's three; default: the seed chooses, and three in a row choose all three.",
)
@click.option(
    "--seed", default=1, show_default=True, type=click.IntRange(0), help="Of the random numbers."
)
@click.option("--out", required=True, type=PATH, help="The MIDI file to write.")
@click.option("--wav", type=PATH, help="A WAV file to write: the notes, played by sines.")
@click.option("--png", type=PATH, help="A picture to write: a piano roll that shows what changed.")
@as_json_option
@fails_in_one_line
def redraw(  # noqa: PLR0913 - one for each option
    file: Path,
    *,
    kind: str,
    intensity: float,
    operation: str | None,
    seed: int,
    out: Path,
    wav: Path | None,
    png: Path | None,
    as_json: bool,
) -> None:
    """Rebracket a MIDI file by an operation on its notes; needs no model.

    Tempos, meters, instruments and drums stay; controllers, words and names of tracks are not kept.
    At intensity 0 the file comes back as it is. Files are written whole, or none is.
    """
    import numpy as np

    named = {"--out": out, "--wav": wav, "--png": png}
    outputs = {option: path for option, path in named.items() if path}
    chosen = _chosen(kind, operation, seed)
    check_renderings(outputs)
    check_outputs(outputs, [file])
    data, plain = _read(file)
    changed = chosen.apply(plain, intensity, np.random.default_rng(seed))
    title = f"{kind}: {chosen.name}, intensity {intensity:g}"
    contents = {"--out": _written(changed, chosen) if intensity else data}
    contents |= renderings(outputs, plain, changed, title)
    write_whole(outputs, contents)
    facts = {"type": kind, "operation": chosen.name, "intensity": intensity, "seed": seed}
    _show(facts, _counts(plain, changed), outputs, as_json=as_json)


def _chosen(kind: str, name: str | None, seed: int) -> "Operation[Notes]":
    """The operation of a name, in which blanks are as good as hyphens, or else the seed's."""
    there = _operations(kind)
    if name is None:
        return list(there.values())[seed % len(there)]
    found = there.get("-".join(name.lower().replace("_", " ").split()))
    if found is None:
        known = ", ".join(there)
        raise RebracketError(f"--operation: {kind} has no {name!r}, it has {known}")
    return found


def _read(file: Path) -> tuple[bytes, "Notes"]:
    from rebracket.segment.midi import MAX_BYTES, read_midi

    data = content("FILE", file, MAX_BYTES + 1)
    try:
        return data, read_midi(data)
    except RebracketError as error:
        raise RebracketError(f"FILE: {file}: {error}") from None


def _written(changed: "Notes", operation: "Operation[Notes]") -> bytes:
    """A MIDI file that is within the bounds of what is read."""
    from rebracket.segment.midi import read_midi, write_midi

    data = write_midi(changed)
    try:
        read_midi(data)
    except RebracketError as error:
        raise RebracketError(f"FILE: {operation.name} makes too much of it: {error}") from None
    return data


def _counts(plain: "Notes", changed: "Notes") -> dict[str, int]:
    """How many notes became what."""
    from rebracket.segment.gallery.roll import compared

    found = Counter(mark.kind for mark in compared(plain, changed))
    return {kind: found[kind] for kind in KINDS}


def _show(
    facts: dict[str, object], notes: dict[str, int], files: dict[str, Path], *, as_json: bool
) -> None:
    if as_json:
        names = {option.removeprefix("--"): str(path) for option, path in files.items()}
        click.echo(json.dumps({**facts, "notes": notes, "files": names}, indent=2))
        return
    click.echo("{type}: {operation}, intensity {intensity}, seed {seed}".format_map(facts))
    click.echo("notes: " + ", ".join(f"{count} {kind}" for kind, count in notes.items()))
    if not facts["intensity"]:
        click.echo("at intensity 0 the music comes back as it is")
    elif notes["kept"] == sum(notes.values()):
        click.echo("this operation finds nothing to change in this piece")
    for path in files.values():
        click.echo(path)
