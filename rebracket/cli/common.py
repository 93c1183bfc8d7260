"""What the commands share."""

import sys
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from importlib.util import find_spec
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click

from rebracket.config import load_settings
from rebracket.durations import duration
from rebracket.errors import ConfigError, RebracketError

if TYPE_CHECKING:
    from rebracket.inference.predictor import Predictor

P = ParamSpec("P")
R = TypeVar("R")


def fails_in_one_line(command: Callable[P, R]) -> Callable[P, R]:
    """Bad input ends with one line on standard error, wrong settings with one each, and exit code 2."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except RebracketError as error:
            for line in error.problems if isinstance(error, ConfigError) else (error,):
                click.echo(f"rebracket: {line}", err=True)
            sys.exit(2)

    return run


as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
model_option = click.option(
    "--model", default=None, help="Store tag or path of an exported model; default: the settings'."
)


class Share(click.FloatRange):
    """An option's number from 0 to 1."""

    def __init__(self) -> None:
        super().__init__(0, 1)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number; "nan", which no comparison refuses, is none."""
        number = float(super().convert(value, param, ctx))
        if isnan(number):
            self.fail(f"{value!r} is not a number from 0 to 1.", param, ctx)
        return number


def parse_duration(option: str, text: str) -> timedelta:
    """An option's duration.

    Raises:
        RebracketError: it is none.
    """
    try:
        return duration(text)
    except ValueError as error:
        raise RebracketError(f"{option}: {error}, not {text!r}") from None


def content(option: str, path: Path, most: int = -1) -> bytes:
    """What the file that an option names holds, or its first `most` bytes.

    Raises:
        RebracketError: it can't be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError as error:
        raise RebracketError(f"{option}: {path}: {error.strerror}") from None


def needs_training_extra() -> None:
    """Fail where PyTorch is not installed."""
    if find_spec("torch") is None:
        raise RebracketError("this needs the training extra: pip install 'rebracket[train]'")


def needs_music_extra() -> None:
    """Fail where the pieces that music is made from are not installed."""
    if find_spec("torch") is None or find_spec("music21") is None:
        raise RebracketError("this needs the music extra: pip install 'rebracket[music]'")


def needs_client_extra() -> None:
    """Fail where the client, or what shows its streams, is not installed."""
    if find_spec("httpx2") is None or find_spec("rich") is None:
        raise RebracketError("this needs the client extra: pip install 'rebracket[client]'")


def needs_pictures_extra() -> None:
    """Fail where what draws pictures is not installed."""
    if find_spec("matplotlib") is None:
        raise RebracketError("this needs the pictures extra: pip install 'rebracket[pictures]'")


def load_predictor(model: str | None) -> "Predictor":
    """The predictor of a store tag or path, by default the settings'."""
    from rebracket.inference.predictor import Predictor
    from rebracket.registry import resolve

    deployment = load_settings().deployment
    exported = resolve(model or deployment.model_path)
    return Predictor.load(exported, deployment.optimization.quantization)
