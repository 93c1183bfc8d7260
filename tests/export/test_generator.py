"""The exported generator answers as PyTorch does, from a cache that is written in place; or is refused."""

from pathlib import Path

import numpy as np
import pytest
import torch

from export import generator as export
from export.generator import STEPS, TOLERANCE, export_generator, largest_gap, same_greedy
from rebracket.errors import ExportError
from rebracket.inference.generator import GeneratorEngine
from rebracket.models.generator import CONTEXT, Generator
from rebracket.segment.tokens import PLACE, PLACES, VOCABULARY
from rebracket.segment.tokens.condition import CONDITION


def untrained(seed: int) -> Generator:
    """Weights large enough that answers depend on everything that comes in."""
    torch.manual_seed(seed)
    model = Generator().eval()
    with torch.no_grad():
        for weights in model.parameters():
            weights.mul_(4.0) if weights.ndim > 1 else weights
    return model


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Generator]:
    path, model = tmp_path_factory.mktemp("generator") / "generator.onnx", untrained(0)
    export.convert_generator(model, path)
    return path, model


def test_logits_and_greedy_tokens_are_pytorchs(exported: tuple[Path, Generator]) -> None:
    path, model = exported
    engine = GeneratorEngine(path)
    assert largest_gap(model, engine, rows=2) < TOLERANCE
    assert same_greedy(model, engine) == STEPS


def test_attention_reaches_back_as_far_as_it_was_trained(
    exported: tuple[Path, Generator],
) -> None:
    path, model = exported
    rng = np.random.default_rng(0)
    length = CONTEXT + 40
    tokens = rng.integers(1, VOCABULARY, (1, length))
    places = rng.integers(0, PLACES, (1, length, len(PLACE)))
    asked = rng.normal(size=(1, CONDITION)).astype(np.float32)
    writing = GeneratorEngine(path).start(asked, length)
    found = writing.feed(tokens[:, :CONTEXT].copy(), places[:, :CONTEXT].copy())
    for at in range(CONTEXT, length):
        found = writing.feed(tokens[:, at : at + 1].copy(), places[:, at : at + 1].copy())
    with torch.no_grad():
        wanted = model(*map(torch.from_numpy, (tokens, places, asked)))[:, -1].numpy()
    assert np.abs(found - wanted).max() < TOLERANCE


def test_rows_are_written_each_for_itself(exported: tuple[Path, Generator]) -> None:
    path, _ = exported
    engine = GeneratorEngine(path)
    rng = np.random.default_rng(1)
    tokens = rng.integers(1, VOCABULARY, (3, 5))
    places = rng.integers(0, PLACES, (3, 5, len(PLACE)))
    asked = rng.normal(size=(3, CONDITION)).astype(np.float32)
    together = engine.start(asked, 8).feed(tokens, places)
    for row in range(3):
        only = slice(row, row + 1)
        alone = engine.start(asked[only], 8).feed(tokens[only], places[only])
        assert np.abs(alone[0] - together[row]).max() < TOLERANCE


def test_a_graph_of_other_weights_is_refused(
    exported: tuple[Path, Generator], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = exported
    monkeypatch.setattr(
        export, "convert_generator", lambda _, target: target.write_bytes(path.read_bytes())
    )
    with pytest.raises(ExportError, match="logits differ"):
        export_generator(untrained(1), tmp_path / "generator.onnx")


def test_the_report_says_how_much_faster_the_cache_is(
    exported: tuple[Path, Generator], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, model = exported
    monkeypatch.setattr(
        export, "convert_generator", lambda _, target: target.write_bytes(path.read_bytes())
    )
    report = export_generator(model, tmp_path / "generator.onnx")
    assert report.greedy == STEPS
    assert report.logits <= TOLERANCE
    assert report.eager_ms > 0
    assert report.cached_ms > 0
    assert report.megabytes == pytest.approx(path.stat().st_size / 2**20, abs=0.1)
