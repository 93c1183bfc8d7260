"""What is known of a trained model: its recipe, its data, its measured worth."""

from pydantic import Field

from rebracket import __version__
from rebracket.inference.calibration import Calibration
from rebracket.models.classifier import SegmentClassifier
from rebracket.registry import SemanticVersion, now
from rebracket.taxonomy import TYPES, RebracketingType
from rebracket.training.calibrate import fit_strength, fit_temperature
from rebracket.training.corpus import AuthoredText, Record, Split, corpus_hash
from rebracket.training.metrics import Metrics, measure
from rebracket.training.score import score
from rebracket.training.train import Recipe


class Facts(Record):
    """Stored beside the weights as `facts.json`."""

    version: SemanticVersion
    created: str = Field(default_factory=now)
    code_version: str = __version__
    data_hash: str
    labels: tuple[RebracketingType, ...] = TYPES
    texts: dict[str, int]
    recipe: Recipe
    calibration: Calibration
    validation: Metrics
    test: Metrics


def find_facts(model: SegmentClassifier, split: Split, recipe: Recipe, version: str) -> Facts:
    """Calibrate a trained model on the validation texts, then measure it on the test texts."""
    texts = split.validation
    raw = score(model, [text.segment for text in texts])
    calibration = Calibration(
        temperature=fit_temperature(raw.logits, [text.majority for text in texts]),
        strength=fit_strength(raw.intensity, raw.tokens, [text.mean_intensity for text in texts]),
    )
    return Facts(
        version=version,
        data_hash=corpus_hash(),
        texts={
            "train": len(split.train),
            "validation": len(split.validation),
            "test": len(split.test),
        },
        recipe=recipe,
        calibration=calibration,
        validation=measure_texts(model, split.validation, calibration),
        test=measure_texts(model, split.test, calibration),
    )


def measure_texts(
    model: SegmentClassifier, texts: list[AuthoredText], calibration: Calibration
) -> Metrics:
    """A PyTorch model's agreement with the readers of texts, their author among them.

    Acceptable is every type that one of them named first or second.
    """
    raw = score(model, [text.segment for text in texts])
    return measure(
        calibration.probabilities(raw.logits),
        calibration.intensities(raw.intensity, raw.tokens),
        types=[text.majority for text in texts],
        intensities=[text.mean_intensity for text in texts],
        acceptable=[text.acceptable for text in texts],
    )
