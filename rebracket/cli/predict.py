"""`rebracket predict`."""

import click

from rebracket.cli.common import as_json_option, fails_in_one_line, load_predictor, model_option
from rebracket.errors import RebracketError


@click.command(epilog='Example: rebracket predict --text "A house with its street inside"')
@click.option("--text", help="The concept: a note or a proposal.")
@click.option("--lyrics", help="Sung words.")
@model_option
@as_json_option
@fails_in_one_line
def predict(text: str | None, lyrics: str | None, model: str | None, as_json: bool) -> None:
    """Read one segment without a server."""
    from pydantic import ValidationError

    from rebracket.errors import InvalidRequest
    from rebracket.schemas import Segment

    try:
        segment = Segment(text=text, lyrics=lyrics)
        prediction = load_predictor(model).predict(segment)
    except ValidationError as error:
        raise RebracketError(error.errors()[0]["msg"]) from None
    except InvalidRequest as error:
        raise RebracketError(error.errors[0]["msg"]) from None
    if as_json:
        click.echo(prediction.model_dump_json(indent=2))
        return
    click.echo(
        f"{prediction.type}  intensity {prediction.intensity:.2f}  "
        f"confidence {prediction.confidence:.2f}"
    )
