"""Evaluation through the code that serves."""

from collections.abc import Callable, Sequence

import numpy as np

from rebracket.inference.predictor import Predictor
from rebracket.training.corpus import LabelledText
from rebracket.training.metrics import Metrics, measure


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
