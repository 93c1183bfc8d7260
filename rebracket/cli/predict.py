"""`rebracket predict`."""

from collections.abc import Iterable
from pathlib import Path

import click

from rebracket.cli.common import (
    as_json_option,
    content,
    fails_in_one_line,
    load_predictor,
    model_option,
)
from rebracket.errors import RebracketError


@click.command(
    epilog='Example: rebracket predict --text "A house with its street inside" --midi tune.mid'
)
@click.option("--text", help="The concept: a note or a proposal.")
@click.option("--lyrics", help="Sung words.")
@click.option("--midi", type=Path, help="A MIDI file.")
@click.option("--audio", type=Path, help="A WAV, FLAC, Ogg or MP3 file.")
@model_option
@as_json_option
@fails_in_one_line
def predict(
    text: str | None,
    lyrics: str | None,
    midi: Path | None,
    audio: Path | None,
    model: str | None,
    as_json: bool,
) -> None:
    """Read one segment without a server: words, music, or both."""
    from pydantic import ValidationError

    from rebracket.errors import InvalidRequest
    from rebracket.schemas import Segment

    try:
        segment = Segment(
            text=text,
            lyrics=lyrics,
            midi=content("--midi", midi) if midi else None,
            audio=content("--audio", audio) if audio else None,
        )
        prediction = load_predictor(model).predict(segment)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise RebracketError(_line(first["loc"], first["msg"])) from None
    except InvalidRequest as error:
        raise RebracketError(_line(error.errors[0]["loc"], error.errors[0]["msg"])) from None
    if as_json:
        click.echo(prediction.model_dump_json(indent=2))
        return
    click.echo(
        f"{prediction.type}  intensity {prediction.intensity:.2f}  "
        f"confidence {prediction.confidence:.2f}"
    )


def _line(loc: Iterable[str | int], message: str) -> str:
    return ": ".join([*map(str, loc), message])
