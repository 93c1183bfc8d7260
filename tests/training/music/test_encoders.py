"""What comes with the package hears in pieces that it never saw what was done to them."""

from shutil import which

import pytest

from rebracket.inference.predictor import Predictor
from rebracket.segment.notes import Notes
from rebracket.training.bundle import Bundle, committed_path
from rebracket.training.music.collections import COLLECTIONS, Collection, files, read
from rebracket.training.music.evaluate import asked, evaluate_music
from rebracket.training.music.lessons import Repertoire
from rebracket.training.music.render import FOLDER, TRAINING
from tests.programs import missing

QUARTETS = Collection("haydn", "test")


@pytest.fixture
def synthesizer() -> None:
    """Skips where there is none; in CI that fails."""
    if which("fluidsynth") is None or not all((FOLDER / name).exists() for name in TRAINING):
        missing("needs the Debian packages fluidsynth, timgm6mb-soundfont and opl3-soundfont")


@pytest.fixture(scope="module")
def haydn() -> list[Notes]:
    """The quartets that no encoder was trained on."""
    return [notes for path in files(QUARTETS) for notes in read(path)]


@pytest.fixture
def repertoire(haydn: list[Notes], monkeypatch: pytest.MonkeyPatch) -> Repertoire:
    """All there is to test with."""
    found = Repertoire(haydn)
    monkeypatch.setattr(Repertoire, "of", lambda _: found)
    return found


def test_haydn_is_kept_for_tests(haydn: list[Notes]) -> None:
    assert QUARTETS in COLLECTIONS
    assert len(haydn) >= 8


def test_collections_are_of_one_use_each() -> None:
    names = [collection.name for collection in COLLECTIONS]
    assert len(set(names)) == len(names)


@pytest.mark.usefixtures("repertoire")
def test_operations_on_notes_are_told_apart_in_unseen_pieces(predictor: Predictor) -> None:
    found = evaluate_music(predictor, asked("midi", 300, seed=77))
    assert found.n == 300
    assert found.clear_accuracy >= 0.9
    assert found.plain_auroc >= 0.85
    assert found.intensity_r >= 0.65


@pytest.mark.usefixtures("repertoire", "synthesizer")
def test_operations_on_sound_are_told_apart_in_unseen_pieces(predictor: Predictor) -> None:
    found = evaluate_music(predictor, asked("audio", 100, seed=77))
    assert found.clear_accuracy >= 0.8
    assert found.plain_auroc >= 0.85


@pytest.mark.usefixtures("repertoire", "synthesizer")
def test_parts_of_one_type_are_heard_together(predictor: Predictor) -> None:
    found = evaluate_music(predictor, asked("fused", 60, seed=77))
    assert found.clear_accuracy >= 0.85


@pytest.mark.usefixtures("repertoire")
def test_a_seed_makes_a_test_set_and_another_another() -> None:
    one, same, other = (
        [question.segment.midi for question in asked("midi", 5, seed=seed)] for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other


def test_facts_of_music_are_of_collections_and_a_synthesizer_kept_apart() -> None:
    bundle = Bundle.read(committed_path())
    assert set(bundle.music) == {"notes", "sound"}
    assert set(bundle.music["sound"].tests) == {"collections", "synthesizer"}
    for facts in bundle.music.values():
        for name in ("haydn", "mozart", "airdsAirs"):
            assert name in facts.collections["test"]
            assert name not in facts.collections["train"]
