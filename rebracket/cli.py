"""The `rebracket` command."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click

from rebracket import __version__
from rebracket.config import CONFIG_VARIABLE, load_settings
from rebracket.errors import ConfigError, RebracketError

SERVICE = "service:Rebracket"


P = ParamSpec("P")
R = TypeVar("R")


def fails_in_one_line(command: Callable[P, R]) -> Callable[P, R]:
    """Bad input ends with one line on standard error and exit code 2."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except RebracketError as error:
            click.echo(f"rebracket: {error}", err=True)
            sys.exit(2)

    return run


as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
model_option = click.option(
    "--model", default=None, help="Store tag or path of an exported model; default: the settings'."
)


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


@main.command(epilog="Example: rebracket --config config.yaml serve")
@fails_in_one_line
def serve() -> None:
    """Serve the model that the settings name."""
    deployment = load_settings().deployment
    from rebracket.registry import resolve

    resolve(deployment.model_path).artefact(deployment.optimization.quantization)
    folder = _service_folder()
    command = [sys.executable, "-m", "bentoml", "serve", SERVICE, "--working-dir", str(folder)]
    os.execv(sys.executable, command)  # noqa: S606 - no shell is what we want


def _service_folder() -> Path:
    """Where `service.py` lies: the checkout, or beside the installed package."""
    folder = Path(__file__).parent.parent
    if not (folder / "service.py").is_file():
        raise ConfigError(f"service.py is not in {folder}: run from a checkout or a Bento")
    return folder


@main.command(epilog='Example: rebracket predict --text "A house with its street inside"')
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
        prediction = _predictor(model).predict(segment)
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


@main.command(epilog="Example: rebracket evaluate --data labelled.jsonl --json")
@click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON lines with text, register, type, intensity and, where known, acceptable.",
)
@model_option
@as_json_option
@fails_in_one_line
def evaluate(data: Path, model: str | None, as_json: bool) -> None:
    """Measure a served model on labelled texts."""
    _needs_training_extra()
    from rebracket.training.corpus import LabelledText, read_jsonl
    from rebracket.training.evaluate import evaluate as measure

    texts = read_jsonl(data, LabelledText)
    predictor = _predictor(model)
    with click.progressbar(length=len(texts), label="reading", file=sys.stderr) as bar:
        metrics = measure(predictor, texts, advance=lambda: bar.update(1))
    values = metrics.model_dump(mode="json")
    if as_json:
        click.echo(json.dumps(values, indent=2))
        return
    for name, value in values.items():
        click.echo(f"{name:18}{value if name != 'f1' else ''}")
        if name == "f1":
            for kind, score in value.items():
                click.echo(f"  {kind:16}{score:.3f}")


@main.command(epilog="Example: rebracket train --version 1.1.0")
@click.option("--version", required=True, help="Semantic version to store the model as.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Also write the trained model into this folder.",
)
@click.option("--epochs", type=click.IntRange(1), help="Default: the recipe's.")
@click.option("--limit", type=click.IntRange(1), help="Train on this many texts only: a trial run.")
@as_json_option
@fails_in_one_line
def train(
    version: str, out: Path | None, epochs: int | None, limit: int | None, as_json: bool
) -> None:
    """Train the segment classifier on the corpus and store it."""
    _needs_training_extra()
    from rebracket.training.main import train_and_store

    with _training_progress() as progress:
        tag, facts = train_and_store(
            version, out=out, epochs=epochs, limit=limit, progress=progress
        )
    if as_json:
        click.echo(facts.model_dump_json(indent=2))
        return
    click.echo(f"saved as {tag}")
    for name, value in facts.test.flat().items():
        click.echo(f"  test {name:16}{value:.3f}")


@contextmanager
def _training_progress() -> Iterator[Callable[[int, int, float], None]]:
    from rich.console import Console
    from rich.progress import Progress, TextColumn

    columns = (*Progress.get_default_columns(), TextColumn("loss {task.fields[loss]:.3f}"))
    bar = Progress(*columns, console=Console(stderr=True))
    task = bar.add_task("training", loss=float("nan"))

    def progress(step: int, steps: int, loss: float) -> None:
        bar.start()
        bar.update(task, completed=step, total=steps, loss=loss)

    try:
        yield progress
    finally:
        if bar.live.is_started:
            bar.stop()


@main.group()
def models() -> None:
    """The models of the store."""


@models.command("list", epilog="Example: rebracket models list --json")
@as_json_option
@fails_in_one_line
def list_models(as_json: bool) -> None:
    """List this project's stored models."""
    from rebracket.registry import stored

    rows: list[dict[str, Any]] = [
        {
            "tag": str(model.tag),
            "created": model.info.creation_time.isoformat(timespec="seconds"),
            "metrics": model.info.metadata.get("metrics"),
        }
        for model in sorted(stored(), key=lambda model: str(model.tag))
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        click.echo(f"{row['tag']:36}{row['created']}  {row['metrics']}")


@models.command(epilog="Example: rebracket models install")
@fails_in_one_line
def install() -> None:
    """Put the model that comes with the package into the store: trained, then exported to ONNX.

    Does nothing where that version is there already.
    """
    _needs_training_extra()
    from export.install import install_committed

    click.echo(f"{install_committed(step=lambda text: click.echo(text, err=True))} is in the store")


def _needs_training_extra() -> None:
    if find_spec("torch") is None:
        raise RebracketError("this needs the training extra: pip install 'rebracket[train]'")


def _predictor(model: str | None) -> Any:
    from rebracket.inference.predictor import Predictor
    from rebracket.registry import resolve

    deployment = load_settings().deployment
    exported = resolve(model or deployment.model_path)
    return Predictor.load(exported, deployment.optimization.quantization)


if __name__ == "__main__":
    main()
