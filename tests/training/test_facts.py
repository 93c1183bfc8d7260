"""The committed weights are what their card says: every figure is measured again."""

import pytest

from rebracket.errors import ModelIncompatible
from rebracket.inference.predictor import Predictor
from rebracket.training.bundle import Bundle, committed_path
from rebracket.training.card import render
from rebracket.training.corpus import LabelledText, corpus_hash, split_corpus
from rebracket.training.evaluate import evaluate
from rebracket.training.facts import find_facts
from rebracket.training.metrics import Metrics


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.read(committed_path())


def assert_close(found: Metrics, told: Metrics) -> None:
    """Other processors round otherwise: one text in a hundred may fall on the other side."""
    assert found.n == told.n
    assert found.flat() == pytest.approx(told.flat(), abs=0.01)
    assert found.f1 == pytest.approx(told.f1, abs=0.03)


def test_the_card_was_made_from_this_corpus(bundle: Bundle) -> None:
    assert bundle.facts.data_hash == corpus_hash()


def test_the_card_tells_the_facts(bundle: Bundle) -> None:
    assert (bundle.path / "card.md").read_text(encoding="utf-8") == render(
        bundle.facts, bundle.music, bundle.generator
    )


def test_the_weights_score_what_the_card_says(bundle: Bundle) -> None:
    facts = bundle.facts
    again = find_facts(bundle.model(), split_corpus(), facts.recipe, facts.version)
    assert again.texts == facts.texts
    assert again.calibration.temperature == pytest.approx(facts.calibration.temperature, abs=0.02)
    told, found = facts.calibration.strength, again.calibration.strength
    assert found.model_dump() == pytest.approx(told.model_dump(), abs=0.05)
    assert_close(again.validation, facts.validation)
    assert_close(again.test, facts.test)


def test_what_is_served_scores_what_the_card_says(
    bundle: Bundle, full_predictor: Predictor
) -> None:
    texts = [
        LabelledText(
            register=text.register_,
            text=text.text,
            type=text.majority,
            acceptable=text.acceptable,
            intensity=text.mean_intensity,
        )
        for text in split_corpus().test
    ]
    assert_close(evaluate(full_predictor, texts), bundle.facts.test)


def test_a_folder_that_is_no_trained_model_is_refused(bundle: Bundle) -> None:
    with pytest.raises(ModelIncompatible, match="not a trained model"):
        Bundle.read(bundle.path.parent)
