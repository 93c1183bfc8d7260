"""From a recipe to a generator and what is known of it: a trial run on the tests' own pieces."""

from importlib.metadata import version
from math import isfinite

import pytest

from rebracket.models import generator
from rebracket.training.generator.facts import GeneratorFacts
from rebracket.training.generator.recipe import GeneratorRecipe
from rebracket.training.generator.train import train_generator
from rebracket.training.music.lessons import Repertoire
from rebracket.training.music.recipe import shortened
from tests.training.music.tunes import chorale

RECIPE = GeneratorRecipe(lessons=12, validation_lessons=4, batch_tokens=1024)


def test_a_recipe_gives_a_generator_and_what_it_is_worth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator, "LAYERS", 1)
    asked: list[str] = []

    def of(use: str) -> Repertoire:
        asked.append(use)
        return Repertoire([chorale(8)])

    monkeypatch.setattr(Repertoire, "of", of)
    steps: list[str] = []
    losses: list[float] = []
    model, facts = train_generator(
        RECIPE, progress=lambda _, __, loss: losses.append(loss), step=steps.append
    )
    assert steps == ["making lessons", "fitting", "measuring"]
    assert asked == ["train", "train", "validation", "test"]
    assert losses
    assert all(map(isfinite, losses))
    assert facts.parameters == sum(weights.numel() for weights in model.parameters())
    assert facts.tokens > 12 * 16
    assert set(facts.nats) == {"train", "validation", "test"}
    assert facts.flat() == {f"{use}_nats": nats for use, nats in facts.nats.items()}
    assert facts.source == f"music21 {version('music21')}"
    assert GeneratorFacts.model_validate_json(facts.model_dump_json()) == facts


def test_a_shortened_recipe_keeps_what_is_not_named() -> None:
    assert shortened(RECIPE, epochs=None, limit=None) == RECIPE
    found = shortened(RECIPE, epochs=3, limit=800)
    assert (found.epochs, found.lessons, found.validation_lessons) == (3, 800, 100)
    assert found.seed == RECIPE.seed
