"""`rebracket train` and `rebracket evaluate`."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from rebracket.cli.common import (
    as_json_option,
    fails_in_one_line,
    load_predictor,
    model_option,
    needs_training_extra,
)


@click.command(epilog="Example: rebracket evaluate --data labelled.jsonl --json")
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
    needs_training_extra()
    from rebracket.training.corpus import LabelledText, read_jsonl
    from rebracket.training.evaluate import evaluate as measure

    texts = read_jsonl(data, LabelledText)
    predictor = load_predictor(model)
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


@click.command(epilog="Example: rebracket train --version 1.1.0")
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
    needs_training_extra()
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
