"""From a recipe to a bundle that can be exported: a trial run on the tests' own pieces."""

from pathlib import Path

import numpy as np
import pytest

from rebracket.models.notes import NotesReader
from rebracket.taxonomy import TYPES
from rebracket.training.bundle import Bundle, committed_path
from rebracket.training.card import confusion_picture
from rebracket.training.music.lessons import Repertoire
from rebracket.training.music.recipe import RECIPES, shortened
from rebracket.training.music.shown import parts
from rebracket.training.music.train import train_music
from tests.training.music.tunes import chorale

RECIPE = shortened(RECIPES["notes"], epochs=1, limit=120)


@pytest.fixture
def repertoire(monkeypatch: pytest.MonkeyPatch) -> Repertoire:
    """Two pieces, for all uses."""
    found = Repertoire([chorale(12), chorale(30)])
    monkeypatch.setattr(Repertoire, "of", lambda _: found)
    return found


@pytest.mark.usefixtures("repertoire")
def test_a_recipe_gives_an_encoder_and_what_it_is_worth(tmp_path: Path) -> None:
    steps: list[str] = []
    losses: list[float] = []
    model, facts = train_music(
        RECIPE, progress=lambda _, __, loss: losses.append(loss), step=steps.append
    )
    assert steps == ["making lessons", "fitting", "calibrating", "measuring"]
    assert np.isfinite(losses).all()
    assert isinstance(model, NotesReader)
    assert set(facts.tests) == {"collections"}
    assert facts.validation.n == RECIPE.validation_lessons

    bundle = Bundle.read(committed_path()).copied(tmp_path)
    changed = bundle.with_music("notes", model, facts, "9.9.9")
    again = Bundle.read(tmp_path)
    assert again.facts.version == changed.facts.version == "9.9.9"
    assert again.music["notes"] == facts
    assert again.music["sound"] == bundle.music["sound"]
    assert "![Confusion matrix" in (tmp_path / "card.md").read_text(encoding="utf-8")
    loaded = again.music_model("notes").state_dict()
    for name, tensor in model.state_dict().items():
        assert (loaded[name] == tensor).all(), name


def test_lessons_are_made_by_all_cores_in_order(repertoire: Repertoire) -> None:
    found = list(parts("notes", repertoire, 5, 30))
    alone = [repertoire.notes_lesson(5, number) for number in range(30)]
    assert [item.kind for item in found] == [item.kind for item in alone]
    assert [item.intensity for item in found] == [item.intensity for item in alone]


def test_a_shortened_recipe_keeps_what_is_not_named() -> None:
    assert shortened(RECIPES["sound"], epochs=None, limit=None) == RECIPES["sound"]
    assert RECIPE.lessons == 120
    assert RECIPE.seed == RECIPES["notes"].seed


def test_a_confusion_matrix_is_drawn_with_all_its_counts() -> None:
    metrics = Bundle.read(committed_path()).music["notes"].tests["collections"]
    picture = confusion_picture(metrics)
    for kind in TYPES:
        assert picture.count(f">{kind}<") == 2
    for row in metrics.confusion:
        for count in row:
            assert f">{count}</text>" in picture
