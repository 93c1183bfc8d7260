"""`rebracket train`: split, train, measure, store."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from rebracket import registry
from rebracket.registry import TRAINED
from rebracket.training.bundle import Bundle
from rebracket.training.corpus import split_corpus
from rebracket.training.facts import Facts, find_facts
from rebracket.training.train import Progress, Recipe, train


def train_and_store(
    version: str, *, out: Path | None, epochs: int | None, limit: int | None, progress: Progress
) -> tuple[str, Facts]:
    """Train by the recipe and save as `rebracket-segment-torch:VERSION`.

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
    with TemporaryDirectory() as scratch:
        bundle = Bundle.write(Path(scratch), model, facts)
        tag = bundle.store()
        if out is not None:
            shutil.copytree(scratch, out, dirs_exist_ok=True)
    return tag, facts
