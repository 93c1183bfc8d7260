"""The generator's engine takes the graphs that it knows."""

from pathlib import Path

import numpy as np
import pytest

from rebracket.errors import ModelIncompatible
from rebracket.inference.generator import GeneratorEngine
from rebracket.inference.predictor import Predictor
from rebracket.segment.tokens import PLACE, VOCABULARY
from rebracket.segment.tokens.condition import CONDITION
from rebracket.segment.tokens.vocabulary import BAR


def test_a_file_that_is_no_graph_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "generator.onnx"
    path.write_bytes(b"no graph")
    with pytest.raises(ModelIncompatible, match="can't load it"):
        GeneratorEngine(path)


def test_a_graph_of_another_kind_is_refused(predictor: Predictor) -> None:
    with pytest.raises(ModelIncompatible, match="takes"):
        GeneratorEngine(predictor.model.path / "notes.onnx")


def test_a_cache_that_is_full_is_an_error_and_not_another_tokens(predictor: Predictor) -> None:
    assert predictor.generator is not None
    writing = predictor.generator.start(np.zeros((1, CONDITION), dtype=np.float32), 2)
    tokens, places = np.full((1, 1), BAR), np.zeros((1, 1, len(PLACE)), dtype=np.int64)
    for _ in range(2):
        assert writing.feed(tokens, places).shape == (1, VOCABULARY)
    with pytest.raises(AssertionError, match="full"):
        writing.feed(tokens, places)
