"""A generator from its recipe: lessons, fit, measurement."""

from collections.abc import Callable
from importlib.metadata import version

import torch

from rebracket.models.generator import Generator
from rebracket.models.precision import rounded
from rebracket.training.generator.facts import GeneratorFacts
from rebracket.training.generator.fit import Progress, fit, mean_loss
from rebracket.training.generator.lessons import lessons
from rebracket.training.generator.recipe import GeneratorRecipe
from rebracket.training.music.collections import Use
from rebracket.training.music.facts import collections_used
from rebracket.training.music.lessons import Repertoire


def train_generator(
    recipe: GeneratorRecipe, *, progress: Progress, step: Callable[[str], None]
) -> tuple[Generator, GeneratorFacts]:
    """Train and measure a generator; the same recipe gives the same on the same machine."""
    step("making lessons")
    shown = list(lessons(Repertoire.of("train"), recipe.seed, recipe.lessons))
    torch.manual_seed(recipe.seed)
    model = Generator(recipe.dropout)
    step("fitting")
    fit(model, shown, recipe, progress=progress)
    rounded(model)
    step("measuring")
    return model, find_facts(model, recipe, sum(len(item.tokens) for item in shown))


def find_facts(model: Generator, recipe: GeneratorRecipe, tokens: int) -> GeneratorFacts:
    """Measure a trained generator on lessons that it never saw, of pieces that it did and did not see."""
    uses: tuple[Use, ...] = ("train", "validation", "test")
    nats = {}
    for number, use in enumerate(uses, start=1):
        some = list(lessons(Repertoire.of(use), recipe.seed + number, recipe.validation_lessons))
        nats[use] = mean_loss(model, some, recipe)
    return GeneratorFacts(
        source=f"music21 {version('music21')}",
        collections=collections_used(),
        recipe=recipe,
        parameters=sum(weights.numel() for weights in model.parameters()),
        tokens=tokens,
        nats=nats,
    )
