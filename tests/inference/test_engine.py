"""Batch-mates don't change an answer (fp32), whatever they are."""

from pathlib import Path

import numpy as np
import pytest

from rebracket.errors import ModelIncompatible
from rebracket.inference.engine import Engine
from rebracket.inference.material import Part
from rebracket.inference.predictor import Predictor
from rebracket.schemas import Segment
from rebracket.segment.text import stack
from rebracket.training.corpus import load_part


def test_a_segment_answers_alike_alone_and_in_any_batch(full_predictor: Predictor) -> None:
    texts = [text.text for text in load_part("part0")[:24]]
    segments = [Segment(text=text) for text in texts[:16]]
    segments += [Segment(text=" ".join(texts), lyrics=texts[3]), Segment(lyrics=texts[5])]
    items = [words for s in segments if (words := full_predictor.encode(s).words)]
    engine, calibration = full_predictor.engines["words"], full_predictor.calibrations["words"]
    together = engine.run(stack(items))
    for row, item in enumerate(items):
        alone = engine.read(Part.of_words(item))
        a, b = (
            calibration.probabilities(logits) for logits in (alone.logits[0], together.logits[row])
        )
        assert np.abs(a - b).max() < 1e-5
        assert abs(alone.intensity[0] - together.intensity[row]) < 1e-5


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"not a graph")
    with pytest.raises(ModelIncompatible, match="can't load"):
        Engine(path)
