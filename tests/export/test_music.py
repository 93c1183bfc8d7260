"""Encoders of music answer in ONNX as in PyTorch, alone and in every subset with words."""

from pathlib import Path

import pytest
import torch

from export import music
from export.bench import one_window
from export.convert import check_shapes, convert
from export.music import grid, sample, verify_subsets
from export.verify import verify
from rebracket.errors import ExportError
from rebracket.inference.calibration import Calibration
from rebracket.inference.engine import Engine
from rebracket.inference.material import EncoderName
from rebracket.models.music import READERS
from rebracket.registry import ExportedModel
from rebracket.training.bundle import Bundle, committed_path

PLAIN = Calibration(temperature=1.0)
ENCODERS: list[EncoderName] = ["notes", "sound"]


@pytest.fixture(scope="module", params=ENCODERS)
def converted(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[EncoderName, torch.nn.Module, Path]:
    """An untrained encoder and its graph."""
    torch.manual_seed(0)
    encoder: EncoderName = request.param
    model = READERS[encoder]().eval()
    path = tmp_path_factory.mktemp("music") / f"{encoder}.onnx"
    convert(model, path, encoder)
    return encoder, model, path


def test_a_graph_has_dynamic_windows_and_steps(
    converted: tuple[EncoderName, torch.nn.Module, Path],
) -> None:
    encoder, _, path = converted
    check_shapes(path, encoder)
    with pytest.raises(ExportError, match="inputs and outputs are"):
        check_shapes(path, "sound" if encoder == "notes" else "notes")


def test_outputs_are_pytorch_s(converted: tuple[EncoderName, torch.nn.Module, Path]) -> None:
    encoder, model, path = converted
    found = verify(model, Engine(path, encoder=encoder), PLAIN, grid(encoder))
    assert found.cases == 15
    assert found.probabilities < 1e-5
    assert found.intensity < 1e-5


def test_another_model_s_graph_is_refused(
    converted: tuple[EncoderName, torch.nn.Module, Path],
) -> None:
    encoder, _, path = converted
    torch.manual_seed(1)
    other = READERS[encoder]().eval()
    with pytest.raises(ExportError, match="differ from PyTorch's"):
        verify(other, Engine(path, encoder=encoder), PLAIN, grid(encoder))


def test_every_subset_of_the_served_encoders_answers_as_in_pytorch(
    exported: ExportedModel,
) -> None:
    bundle = Bundle.read(committed_path())
    artefacts = exported.artefacts("none")
    pairs: dict[EncoderName, music.Pair] = {
        "words": (
            bundle.model(),
            Engine(exported.file(artefacts["words"].file)),
            artefacts["words"].calibration,
            one_window(64),
        )
    }
    for encoder in bundle.music:
        engine = Engine(exported.file(artefacts[encoder].file), encoder=encoder)
        model, calibration = bundle.music_model(encoder), artefacts[encoder].calibration
        pairs[encoder] = (model, engine, calibration, sample(encoder, 64))
    assert len(verify_subsets(pairs)) == 7
