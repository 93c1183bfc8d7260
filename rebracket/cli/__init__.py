"""The `rebracket` command."""

import os
from pathlib import Path

import click

from rebracket import __version__
from rebracket.cli.experiment import experiment
from rebracket.cli.gallery import gallery
from rebracket.cli.generate import generate
from rebracket.cli.keys import keys
from rebracket.cli.models import models
from rebracket.cli.predict import predict
from rebracket.cli.redraw import redraw
from rebracket.cli.serve import serve
from rebracket.cli.stream import stream
from rebracket.cli.training import evaluate, train
from rebracket.config import CONFIG_VARIABLE


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="rebracket")
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False),
    help=f"Settings file; default: ${CONFIG_VARIABLE}.",
)
def main(config: str | None) -> None:
    """Rebracketing: train, export, serve, ask."""
    if config:
        os.environ[CONFIG_VARIABLE] = str(Path(config).absolute())


for command in (
    *(serve, predict, generate, stream, redraw),
    *(evaluate, train, models, keys, experiment, gallery),
):
    main.add_command(command)
