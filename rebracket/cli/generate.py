"""`rebracket generate`: a segment written by the stored model, without a server."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from rebracket.cli.common import (
    Share,
    as_json_option,
    content,
    fails_in_one_line,
    load_predictor,
    model_option,
)
from rebracket.cli.files import check_outputs, write_whole
from rebracket.cli.renderings import check_renderings, renderings
from rebracket.config import load_settings
from rebracket.errors import InvalidRequest, RebracketError
from rebracket.taxonomy import TYPES

if TYPE_CHECKING:
    from rebracket.conditioning import Conditioning, GeneratedSegment

PATH = click.Path(path_type=Path)


def _mixture(_: click.Context, __: click.Parameter, text: str) -> "str | dict[str, float]":
    """A type, or several with weights."""
    if "=" not in text:
        return text
    try:
        pairs = [part.split("=") for part in text.split(",")]
        return {kind.strip(): float(weight) for kind, weight in pairs}
    except ValueError:
        raise click.BadParameter("expected a type, or weights as memory=2,spatial=1") from None


@click.command(
    epilog="Example: rebracket generate --type memory --intensity 0.7 --out x.mid --wav x.wav "
    "--png x.png"
)
@click.option(
    "--type",
    required=True,
    callback=_mixture,
    help=f"One of {', '.join(TYPES)}; or weights, as memory=2,spatial=1.",
)
@click.option(
    "--intensity", default=0.7, show_default=True, type=Share(), help="How strongly, 0 to 1."
)
@click.option("--bars", default=8, show_default=True, type=int, help="1 to 32.")
@click.option("--tempo", default=100.0, show_default=True, help="Beats a minute, 30 to 300.")
@click.option("--meter", default="4/4", show_default=True, help="As 3/4 or 6/8.")
@click.option("--key", help="As 'C major', 'F# minor' or 'Bb'; default: any.")
@click.option("--program", type=int, help="General MIDI program of the first voice, 0 to 127.")
@click.option("--seed", type=int, help="The same seed and model give the same bytes.")
@click.option("--temperature", default=1.0, show_default=True, help="0 to 2; 0 is the likeliest.")
@click.option("--top-k", default=0, show_default=True, help="Of so many tokens; 0 means all.")
@click.option("--top-p", default=0.9, show_default=True, help="Of so much probability.")
@click.option(
    "--candidates", default=4, show_default=True, type=int, help="1 to 16; the best stays."
)
@click.option("--primer", type=PATH, help="A MIDI file that the notes go on from.")
@click.option("--about", help="Words that the text answers.")
@click.option("--out", type=PATH, help="The MIDI file to write.")
@click.option("--wav", type=PATH, help="A WAV file to write: the notes, played by sines.")
@click.option("--png", type=PATH, help="A picture to write: a piano roll.")
@model_option
@as_json_option
@fails_in_one_line
def generate(
    *,
    primer: Path | None,
    about: str | None,
    out: Path | None,
    wav: Path | None,
    png: Path | None,
    model: str | None,
    as_json: bool,
    **said: Any,
) -> None:
    """Write a segment that the model itself reads as the type and intensity asked for.

    Without --out, --wav or --png only the words are written. Files are written whole, or none is.
    """
    named = {"--out": out, "--wav": wav, "--png": png}
    outputs = {option: path for option, path in named.items() if path}
    check_renderings(outputs)
    check_outputs(outputs, [primer] if primer else [])
    asked = _asked(_given(said), primer, about, notes=bool(outputs))
    answer = asyncio.run(_made(model, asked))
    if outputs:
        write_whole(outputs, _contents(outputs, answer))
    _show(answer, outputs, as_json=as_json)


def _given(said: dict[str, Any]) -> dict[str, Any]:
    """What was said on the command line: defaults are the request's own."""
    context = click.get_current_context()
    return {
        name: value
        for name, value in said.items()
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT
    }


def _asked(
    given: dict[str, Any], primer: Path | None, about: str | None, *, notes: bool
) -> "Conditioning":
    from pydantic import ValidationError

    from rebracket.conditioning import OF_NOTES, Conditioning, Primer

    useless = sorted(OF_NOTES & given.keys()) or ["primer"] * bool(primer)
    if useless and not notes:
        option = useless[0].replace("_", "-")
        raise RebracketError(f"--{option}: notes are written with --out, --wav or --png only")
    try:
        answered = None
        if primer or about:
            answered = Primer(midi=content("--primer", primer) if primer else None, text=about)
        returned = ["midi", "text"] if notes else ["text"]
        return Conditioning.model_validate({**given, "primer": answered, "return": returned})
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = f"--{str(first['loc'][0]).replace('_', '-')}: " if first["loc"] else ""
        raise RebracketError(f"{where}{first['msg']}") from None


async def _made(model: str | None, asked: "Conditioning") -> "GeneratedSegment":
    from rebracket.generation.maker import Maker
    from rebracket.generation.studio import Studio
    from rebracket.inference.lanes import lanes_of
    from rebracket.inference.runner import Runner

    deployment = load_settings().deployment
    studio = Studio(deployment.generation)
    runner = Runner(lanes_of(deployment), deployment.batching)
    maker = Maker(studio, runner, guidance=deployment.generation.guidance)
    try:
        return await maker.make(load_predictor(model).with_generator(), asked)
    except InvalidRequest as error:
        first = error.errors[0]
        raise RebracketError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    finally:
        await studio.close()
        await runner.close()


def _contents(outputs: dict[str, Path], answer: "GeneratedSegment") -> dict[str, bytes]:
    from rebracket.segment.midi import read_midi

    midi = answer.segment.midi
    assert midi is not None
    read = answer.analysis
    title = f"{read.type}, intensity {read.intensity:.2f}, seed {answer.seed}"
    made = {"--out": midi} if "--out" in outputs else {}
    return {**made, **dict(renderings(outputs, None, read_midi(midi), title))}


def _show(answer: "GeneratedSegment", files: dict[str, Path], *, as_json: bool) -> None:
    if as_json:
        names = {option.removeprefix("--"): str(path) for option, path in files.items()}
        values = answer.model_dump(
            mode="json", exclude={"segment": {"midi", "audio"}, "tokens": True}
        )
        click.echo(json.dumps({**values, "files": names}, indent=2))
        return
    read = answer.analysis
    click.echo(answer.segment.text)
    click.echo(
        f"read as {read.type}, intensity {read.intensity:.2f}, confidence {read.confidence:.2f}; "
        f"seed {answer.seed}, {answer.latency_ms / 1000:.1f} s"
    )
    for path in files.values():
        click.echo(path)
