"""A model → one ONNX graph with dynamic batch and length."""

from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from export.quiet import quiet
from export.report import Shapes
from rebracket.errors import ExportError
from rebracket.inference.engine import INPUTS, OUTPUTS
from rebracket.inference.material import EncoderName
from rebracket.segment.events import FEATURES
from rebracket.segment.mel import BANDS, PLANES

OPSET = 23
SHAPES: dict[EncoderName, Shapes] = {
    "words": {
        "input_ids": ("windows", "length"),
        "attention_mask": ("windows", "length"),
        "fields": ("windows",),
        "pool": ("segments", "windows"),
        "logits": ("segments", 8),
        "intensity": ("segments",),
    },
    "notes": {
        "events": ("windows", "notes", FEATURES),
        "mask": ("windows", "notes"),
        "logits": ("windows", 8),
        "intensity": ("windows",),
    },
    "sound": {
        "planes": ("windows", "frames", PLANES, BANDS),
        "mask": ("windows", "frames"),
        "logits": ("windows", 8),
        "intensity": ("windows",),
    },
}
"""Every input and output with its dimensions; names are dynamic."""


def convert(model: nn.Module, path: Path, encoder: EncoderName = "words") -> None:
    """Export with PyTorch's dynamo exporter and check the graph's names and shapes.

    Raises:
        ExportError: the exporter failed, or its graph is not what serving expects.
    """
    shapes = SHAPES[encoder]
    try:
        with quiet():
            torch.onnx.export(
                _Exportable(model).eval(),
                _example(encoder),
                path,
                dynamo=True,
                verbose=False,
                external_data=False,
                opset_version=OPSET,
                input_names=INPUTS[encoder],
                output_names=OUTPUTS,
                dynamic_shapes=(
                    tuple(
                        {axis: dim for axis, dim in enumerate(shapes[name]) if isinstance(dim, str)}
                        for name in INPUTS[encoder]
                    ),
                ),
            )
    except Exception as error:  # the exporter raises many unrelated types
        raise ExportError(f"PyTorch's exporter failed: {error}") from error
    check_shapes(path, encoder)


def check_shapes(path: Path, encoder: EncoderName = "words") -> None:
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
    if found != SHAPES[encoder]:
        raise ExportError(f"the graph's inputs and outputs are {found}, expected {SHAPES[encoder]}")


class _Exportable(nn.Module):
    """Gives the traced function its inputs in their fixed order."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        logits, intensity = self.model(*inputs)
        return logits, intensity


def step_shape(encoder: EncoderName) -> tuple[str, list[int]]:
    """The name of an encoder of music's input, and what is fixed of its shape: that of a step."""
    name, _ = INPUTS[encoder]
    return name, [dim for dim in SHAPES[encoder][name] if isinstance(dim, int)]


def _example(encoder: EncoderName) -> tuple[Tensor, ...]:
    """Three windows; no two dynamic dimensions are equal or one."""
    if encoder == "words":  # of two segments
        ids = torch.randint(1000, 2000, (3, 12))
        mask = torch.ones_like(ids)
        mask[1, 7:] = 0
        pool = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]])
        return ids, mask, torch.tensor([0, 0, 1]), pool
    _, step = step_shape(encoder)
    here = torch.ones(3, 37)
    here[1, 20:] = 0
    return torch.randn(3, 37, *step), here
