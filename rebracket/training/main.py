"""`rebracket train`: split, train, measure, store."""

import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from rebracket import registry
from rebracket.registry import TRAINED
from rebracket.training.bundle import Bundle, committed_path
from rebracket.training.corpus import split_corpus
from rebracket.training.facts import Facts, find_facts
from rebracket.training.generator.facts import GeneratorFacts
from rebracket.training.generator.recipe import GeneratorRecipe
from rebracket.training.generator.train import train_generator
from rebracket.training.music.facts import MusicFacts
from rebracket.training.music.recipe import MusicRecipe
from rebracket.training.music.train import train_music
from rebracket.training.train import Progress, Recipe, train


def train_and_store(
    version: str, *, out: Path | None, epochs: int | None, limit: int | None, progress: Progress
) -> tuple[str, Facts]:
    """Train the encoder of words by the recipe and save as `rebracket-segment-torch:VERSION`.

    The encoders of music are the committed model's.

    Args:
        version: a semantic version that the store does not have.
        out: a folder that gets the trained model too.
        epochs: instead of the recipe's.
        limit: trains on every n-th text so that this many remain; for trials.
        progress: told of each step.

    Raises:
        StoreError: the version is stored already.
    """
    registry.refuse_existing(TRAINED, version)
    split = split_corpus()
    if limit is not None and limit < len(split.train):
        stride = len(split.train) / limit
        some = [split.train[int(index * stride)] for index in range(limit)]
        split = split.model_copy(update={"train": some})
    recipe = Recipe() if epochs is None else Recipe(epochs=epochs)
    model = train(split, recipe, progress=progress)
    facts = find_facts(model, split, recipe, version)
    return _store(lambda bundle: bundle.with_words(model, facts), out), facts


def train_music_and_store(
    version: str,
    recipe: MusicRecipe,
    *,
    out: Path | None,
    progress: Progress,
    step: Callable[[str], None],
) -> tuple[str, MusicFacts]:
    """Train an encoder of music and save it with the committed model's other encoders.

    Raises:
        StoreError: the version is stored already.
        CorpusError: FluidSynth or a SoundFont, which sound needs, is not installed.
    """
    registry.refuse_existing(TRAINED, version)
    model, facts = train_music(recipe, progress=progress, step=step)
    tag = _store(lambda bundle: bundle.with_music(recipe.encoder, model, facts, version), out)
    return tag, facts


def train_generator_and_store(
    version: str,
    recipe: GeneratorRecipe,
    *,
    out: Path | None,
    progress: Progress,
    step: Callable[[str], None],
) -> tuple[str, GeneratorFacts]:
    """Train a generator and save it with the committed model's encoders.

    Raises:
        StoreError: the version is stored already.
    """
    registry.refuse_existing(TRAINED, version)
    model, facts = train_generator(recipe, progress=progress, step=step)
    return _store(lambda bundle: bundle.with_generator(model, facts, version), out), facts


def _store(change: Callable[[Bundle], Bundle], out: Path | None) -> str:
    with TemporaryDirectory() as scratch:
        bundle = change(Bundle.read(committed_path()).copied(Path(scratch)))
        tag = bundle.store()
        if out is not None:
            shutil.copytree(scratch, out, dirs_exist_ok=True)
    return tag
