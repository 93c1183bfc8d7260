"""Attention in one operator computes what it computed in pieces."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor, nn

from export.attention import fuse_attention
from export.optimize import optimize
from export.quiet import quiet
from rebracket.errors import ExportError

HEADS, WIDTH = 3, 12


class Attention(nn.Module):
    """As the encoders write it."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(3))

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """[windows, length, WIDTH] → the same; `mask` [windows, length] is 1 where there is something."""
        windows, length, _ = hidden.shape
        query, key, value = (
            part(hidden).view(windows, length, HEADS, WIDTH // HEADS).transpose(1, 2)
            for part in self.parts
        )
        scores = query @ key.transpose(-1, -2) * 0.3 + (mask[:, None, None, :] - 1) * 1e4
        found = torch.softmax(scores, dim=-1) @ value
        return torch.flatten(found.transpose(1, 2), start_dim=2)


@pytest.fixture(scope="module")
def written_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("attention") / "written_out.onnx"
    with quiet():
        torch.onnx.export(
            Attention().eval(),
            (torch.randn(3, 7, WIDTH), torch.ones(3, 7)),
            path,
            dynamo=True,
            verbose=False,
            external_data=False,
            opset_version=23,
            dynamic_shapes={
                "hidden": {0: "windows", 1: "length"},
                "mask": {0: "windows", 1: "length"},
            },
        )
    return path


@pytest.fixture(scope="module")
def fused(written_out: Path) -> Path:
    target = written_out.with_name("fused.onnx")
    assert fuse_attention(written_out, target) == 1
    return target


def found(
    path: Path, hidden: NDArray[np.float32], mask: NDArray[np.float32]
) -> NDArray[np.float32]:
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    (output,) = session.run(None, {"hidden": hidden, "mask": mask})
    return np.asarray(output)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 20), min_size=1, max_size=4), st.integers(0, 2**32 - 1))
def test_windows_of_any_length_are_read_as_before(
    written_out: Path, fused: Path, ends: list[int], seed: int
) -> None:
    length = max(ends)
    hidden = np.random.default_rng(seed).normal(size=(len(ends), length, WIDTH)).astype(np.float32)
    mask = (np.arange(length) < np.array(ends)[:, None]).astype(np.float32)
    before, after = (found(path, hidden, mask) for path in (written_out, fused))
    np.testing.assert_allclose(after, before, atol=1e-5)


def test_one_operator_stands_for_all_pieces(fused: Path) -> None:
    kinds = [node.op_type for node in onnx.load(fused).graph.node]
    assert kinds.count("Attention") == 1
    assert not {"Softmax", "Transpose", "Reshape"} & set(kinds)


def test_a_graph_without_attention_is_not_taken_for_an_optimized_one(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no attention"):
        optimize(_without_attention(tmp_path / "plain.onnx"), tmp_path / "out.onnx")


def _without_attention(path: Path) -> Path:
    value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["n"])
    out = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["n"])
    node = onnx.helper.make_node("Relu", ["x"], ["y"])
    graph = onnx.helper.make_graph([node], "g", [value], [out])
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 23)]), path)
    return path
