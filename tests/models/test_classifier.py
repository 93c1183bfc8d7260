"""The classifier's shapes, and what of it is trained and kept."""

from pathlib import Path

import pytest
import torch

from rebracket.errors import ModelIncompatible
from rebracket.models.classifier import FROZEN_LAYERS, SegmentClassifier


@pytest.fixture(scope="module")
def model() -> SegmentClassifier:
    torch.manual_seed(0)
    return SegmentClassifier().eval()


def test_windows_become_segments(model: SegmentClassifier) -> None:
    ids = torch.randint(1000, 2000, (3, 9))
    pool = torch.tensor([[1.0, 0, 0], [0, 0.5, 0.5]])
    logits, intensity = model(ids, torch.ones_like(ids), torch.tensor([0, 0, 1]), pool)
    assert logits.shape == (2, 8)
    assert intensity.shape == (2,)
    assert ((intensity > 0) & (intensity < 1)).all()


def test_padding_changes_nothing(model: SegmentClassifier) -> None:
    ids = torch.randint(1000, 2000, (1, 9))
    padded = torch.cat([ids, torch.zeros(1, 7, dtype=torch.int64)], dim=1)
    mask = (padded > 0).long()
    field, pool = torch.tensor([0]), torch.ones(1, 1)
    with torch.no_grad():
        alone, _ = model(ids, torch.ones_like(ids), field, pool)
        wide, _ = model(padded, mask, field, pool)
    assert torch.allclose(alone, wide, atol=1e-5)


def test_only_upper_layers_field_and_heads_are_trained(model: SegmentClassifier) -> None:
    names = {name for name, _ in model.trained()}
    layers = {name.split(".")[3] for name in names if name.startswith("encoder.encoder.layer.")}
    assert layers == {str(index) for index in range(FROZEN_LAYERS, 6)}
    others = {name.split(".")[0] for name in names} - {"encoder"}
    assert others == {"fields", "type_head", "intensity_head"}


def test_what_is_saved_is_what_is_loaded(model: SegmentClassifier, tmp_path: Path) -> None:
    model.save(tmp_path / "weights.safetensors")
    torch.manual_seed(1)
    other = SegmentClassifier()
    other.load(tmp_path / "weights.safetensors")
    for (name, a), (_, b) in zip(model.trained(), other.trained(), strict=True):
        assert torch.equal(a.half().float(), b), name


def test_weights_of_another_model_are_refused(model: SegmentClassifier, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    path = tmp_path / "weights.safetensors"
    save_file({"type_head.weight": torch.zeros(3, 384)}, path)
    with pytest.raises(ModelIncompatible, match="not those of this classifier"):
        model.load(path)
