"""The `rebracket` command."""

import os
from pathlib import Path

import click

from rebracket import __version__
from rebracket.cli.common import fails_in_one_line
from rebracket.cli.config import config
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
from rebracket.errors import RebracketError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="rebracket")
@click.option(
    "--config",
    "config_file",
    type=click.Path(),
    help=f"Settings file; default: ${CONFIG_VARIABLE}.",
)
@fails_in_one_line
def main(config_file: str | None) -> None:
    """Rebracketing: train, export, serve, ask."""
    if config_file is None:
        return
    path = Path(config_file).absolute()
    if not path.is_file():
        raise RebracketError(f"--config: no file at {path}")
    os.environ[CONFIG_VARIABLE] = str(path)


for command in (
    *(serve, predict, generate, stream, redraw),
    *(evaluate, train, models, keys, config, experiment, gallery),
):
    main.add_command(command)
