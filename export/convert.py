"""A classifier → one ONNX graph with dynamic batch and length."""

from pathlib import Path

import onnx
import torch
from torch import Tensor, nn
from torch.export import Dim

from export.quiet import quiet
from export.report import Shapes
from rebracket.errors import ExportError
from rebracket.inference.engine import INPUTS, OUTPUTS
from rebracket.models.classifier import SegmentClassifier

OPSET = 20
SHAPES: Shapes = {
    "input_ids": ("windows", "length"),
    "attention_mask": ("windows", "length"),
    "fields": ("windows",),
    "pool": ("segments", "windows"),
    "logits": ("segments", 8),
    "intensity": ("segments",),
}
"""Every input and output with its dimensions; names are dynamic."""


def convert(model: SegmentClassifier, path: Path) -> None:
    """Export with PyTorch's dynamo exporter and check the graph's names and shapes.

    Raises:
        ExportError: the exporter failed, or its graph is not what serving expects.
    """
    windows, length, segments = Dim("windows"), Dim("length", max=512), Dim("segments")
    example = _example()
    try:
        with quiet():
            torch.onnx.export(
                _Exportable(model).eval(),
                example,
                path,
                dynamo=True,
                verbose=False,
                external_data=False,
                opset_version=OPSET,
                input_names=INPUTS["words"],
                output_names=OUTPUTS,
                dynamic_shapes=(
                    {0: windows, 1: length},
                    {0: windows, 1: length},
                    {0: windows},
                    {0: segments, 1: windows},
                ),
            )
    except Exception as error:  # the exporter raises many unrelated types
        raise ExportError(f"PyTorch's exporter failed: {error}") from error
    check_shapes(path)


def check_shapes(path: Path) -> None:
    """Compare a graph's inputs and outputs with `SHAPES`.

    Raises:
        ExportError: names what differs.
    """
    graph = onnx.load(path, load_external_data=False).graph
    values = [*graph.input, *graph.output]
    found = {
        value.name: tuple(
            dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim
        )
        for value in values
    }
    if found != SHAPES:
        raise ExportError(f"the graph's inputs and outputs are {found}, expected {SHAPES}")


class _Exportable(nn.Module):
    """Gives the traced function the inputs in their fixed order."""

    def __init__(self, model: SegmentClassifier) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, fields: Tensor, pool: Tensor
    ) -> tuple[Tensor, Tensor]:
        logits, intensity = self.model(input_ids, attention_mask, fields, pool)
        return logits, intensity


def _example() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Three windows of two segments; no two dynamic dimensions are equal or one."""
    ids = torch.randint(1000, 2000, (3, 12))
    mask = torch.ones_like(ids)
    mask[1, 7:] = 0
    pool = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]])
    return ids, mask, torch.tensor([0, 0, 1]), pool
