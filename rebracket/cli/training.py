"""`rebracket train` and `rebracket evaluate`."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from rebracket.cli.common import (
    as_json_option,
    fails_in_one_line,
    load_predictor,
    model_option,
    needs_music_extra,
    needs_training_extra,
)
from rebracket.config import load_settings
from rebracket.errors import RebracketError

if TYPE_CHECKING:
    from rebracket.inference.material import EncoderName
    from rebracket.inference.predictor import Predictor
    from rebracket.training.generator.evaluate import GeneratorQuality
    from rebracket.training.metrics import Metrics
    from rebracket.training.music.evaluate import Heard
    from rebracket.training.music.recipe import MusicEncoder


@click.command(epilog="Example: rebracket evaluate --modality midi --seed 7 --json")
@click.option(
    "--data",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Words: JSON lines with text, register, type, intensity and, where known, acceptable.",
)
@click.option(
    "--modality",
    type=click.Choice(["midi", "audio", "fused", "generated"]),
    help="Music instead: a fresh test set from held-out collections; or what the model itself writes.",
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, help="Which test set.", show_default=True
)
@click.option("--count", type=click.IntRange(50), default=600, help="Its size.", show_default=True)
@click.option("--unseen", is_flag=True, help="Audio by a synthesizer that no training heard.")
@model_option
@as_json_option
@fails_in_one_line
def evaluate(
    data: Path | None,
    modality: "Heard | Literal['generated'] | None",
    seed: int,
    count: int,
    unseen: bool,
    model: str | None,
    as_json: bool,
) -> None:
    """Measure a served model on labelled words, or on music that is made for it."""
    needs_training_extra()
    if (data is None) == (modality is None):
        raise RebracketError("give either --data or --modality")
    predictor = load_predictor(model)
    if data is not None:
        _show(_measure_words(predictor, data), as_json=as_json)
        return
    needs_music_extra()
    assert modality is not None
    if modality == "generated":
        _show(_measure_generator(predictor, count, seed), as_json=as_json)
        return
    from rebracket.training.music.evaluate import asked, evaluate_music

    questions = asked(modality, count, seed, unseen=unseen)
    with click.progressbar(length=count, label="reading", file=sys.stderr) as bar:
        _show(evaluate_music(predictor, questions, advance=lambda: bar.update(1)), as_json=as_json)


def _measure_generator(predictor: "Predictor", count: int, seed: int) -> "GeneratorQuality":
    from rebracket.training.generator.evaluate import evaluate_generator

    guidance = load_settings().deployment.generation.guidance
    with click.progressbar(length=count + count // 2, label="writing", file=sys.stderr) as bar:
        return evaluate_generator(
            predictor.with_generator(),
            count,
            seed,
            guidance=guidance,
            advance=lambda: bar.update(1),
        )


def _measure_words(predictor: "Predictor", data: Path) -> "Metrics":
    from rebracket.training.corpus import LabelledText, read_jsonl
    from rebracket.training.evaluate import evaluate as measure

    texts = read_jsonl(data, LabelledText)
    with click.progressbar(length=len(texts), label="reading", file=sys.stderr) as bar:
        return measure(predictor, texts, advance=lambda: bar.update(1))


def _show(metrics: "Metrics | GeneratorQuality", *, as_json: bool) -> None:
    values = metrics.model_dump(mode="json")
    if as_json:
        click.echo(json.dumps(values, indent=2))
        return
    for name, value in values.items():
        if isinstance(value, dict):
            click.echo(name)
            for kind, score in value.items():
                click.echo(f"  {kind:16}{_figures(score)}")
        elif isinstance(value, list):
            click.echo(name)
            for row in value:
                click.echo("  " + "".join(f"{count:5}" for count in row))
        else:
            click.echo(f"{name:18}{value}")


def _figures(value: Any) -> str:
    """A figure, or several with or without names, in a line."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_figures(item)}" for name, item in value.items())
    if isinstance(value, list):
        return " ".join(map(_figures, value))
    return str(value) if isinstance(value, int) else f"{value:.3f}"


@click.command(epilog="Example: rebracket train --version 1.1.0")
@click.option("--version", required=True, help="Semantic version to store the model as.")
@click.option(
    "--encoder",
    type=click.Choice(["words", "notes", "sound", "generator"]),
    default="words",
    show_default=True,
    help="What to train; the rest is that of the model that comes with the package.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Also write the trained model into this folder.",
)
@click.option("--epochs", type=click.IntRange(1), help="Default: the recipe's.")
@click.option(
    "--limit", type=click.IntRange(1), help="Train on this many texts or lessons only: a trial run."
)
@as_json_option
@fails_in_one_line
def train(
    version: str,
    encoder: "EncoderName | Literal['generator']",
    out: Path | None,
    epochs: int | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """Train a part of the model and store it: words on the corpus, music on pieces that are rebracketed."""
    needs_training_extra()
    from rebracket.training.main import train_and_store

    with _training_progress() as progress:
        if encoder == "words":
            tag, facts = train_and_store(
                version, out=out, epochs=epochs, limit=limit, progress=progress
            )
            tests = {"test": facts.test.flat()}
            values = facts.model_dump_json(indent=2)
        else:
            tag, values, tests = _train_on_pieces(version, encoder, out, epochs, limit, progress)
    if as_json:
        click.echo(values)
        return
    click.echo(f"saved as {tag}")
    for test, metrics in tests.items():
        for name, value in metrics.items():
            click.echo(f"  {test} {name:16}{value:.3f}")


def _train_on_pieces(
    version: str,
    encoder: "MusicEncoder | Literal['generator']",
    out: Path | None,
    epochs: int | None,
    limit: int | None,
    progress: Callable[[int, int, float], None],
) -> tuple[str, str, dict[str, dict[str, float]]]:
    """Train an encoder of music or the generator; the tag, the facts as JSON, and figures by test."""
    needs_music_extra()
    from rebracket.training import main
    from rebracket.training.generator.recipe import GeneratorRecipe
    from rebracket.training.music.recipe import RECIPES, shortened

    def step(text: str) -> None:
        click.echo(text, err=True)

    if encoder == "generator":
        recipe = shortened(GeneratorRecipe(), epochs=epochs, limit=limit)
        tag, found = main.train_generator_and_store(
            version, recipe, out=out, progress=progress, step=step
        )
        nats = {str(use): value for use, value in found.nats.items()}
        return tag, found.model_dump_json(indent=2), {"nats a token": nats}
    lessons = shortened(RECIPES[encoder], epochs=epochs, limit=limit)
    tag, facts = main.train_music_and_store(version, lessons, out=out, progress=progress, step=step)
    tests = {name: metrics.flat() for name, metrics in facts.tests.items()}
    return tag, facts.model_dump_json(indent=2), tests


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
