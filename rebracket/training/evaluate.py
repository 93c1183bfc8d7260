"""Evaluation through the code that serves."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from rebracket.inference.predictor import Predictor
from rebracket.training.corpus import LabelledText, read_jsonl
from rebracket.training.metrics import Metrics, measure


def evaluate_file(
    predictor: Predictor, path: Path, *, advance: Callable[[], None] = lambda: None
) -> Metrics:
    """Measure a served model on a data file; `advance` is called after each text.

    Raises:
        CorpusError: the file can't be read.
    """
    return evaluate(predictor, read_jsonl(path, LabelledText), advance=advance)


def evaluate(
    predictor: Predictor,
    texts: Sequence[LabelledText],
    *,
    advance: Callable[[], None] = lambda: None,
) -> Metrics:
    """Measure a served model on labelled texts."""
    predictions = []
    for text in texts:
        predictions.append(predictor.predict(text.segment))
        advance()
    acceptable = [text.acceptable or [text.type] for text in texts]
    return measure(
        np.array([list(prediction.probabilities.values()) for prediction in predictions]),
        np.array([prediction.intensity for prediction in predictions]),
        types=[text.type for text in texts],
        intensities=[text.intensity for text in texts],
        acceptable=acceptable if any(text.acceptable for text in texts) else None,
    )
