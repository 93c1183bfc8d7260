"""A graph whose widest channels stand apart computes what it computed."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from export.outliers import CHANNELS, split
from rebracket.inference.engine import INPUTS, OUTPUTS, Engine
from rebracket.segment.text import Windows

WIDTH, INNER, WIDE = 8, 64, 7
"""Sizes of a small feed-forward layer, and the channel that reaches furthest."""


def window(length: int) -> Windows:
    ids = np.arange(length, dtype=np.int64)[None] % 10
    return Windows(
        ids=ids,
        mask=np.ones_like(ids),
        fields=np.zeros(1, dtype=np.int64),
        pool=np.ones((1, 1), dtype=np.float32),
    )


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """Tokens through one feed-forward layer, with the inputs and outputs of a text model."""
    rng = np.random.default_rng(0)
    arrays = {
        "table": rng.normal(size=(10, WIDTH)),
        "up": rng.normal(size=(WIDTH, INNER)),
        "bias": np.where(np.arange(INNER) == WIDE, 50.0, 0.0),
        "down": rng.normal(size=(INNER, 8)),
        "axis": np.array([1]),
    }
    kinds = {"axis": np.int64}
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["x"]),
        helper.make_node("MatMul", ["x", "up"], ["a"]),
        helper.make_node("Add", ["a", "bias"], ["b"]),
        helper.make_node("Gelu", ["b"], ["c"]),
        helper.make_node("MatMul", ["c", "down"], ["d"]),
        helper.make_node("ReduceMean", ["d", "axis"], ["logits"], keepdims=0),
        helper.make_node("ReduceMax", ["logits", "axis"], ["intensity"], keepdims=0),
    ]
    types = [TensorProto.INT64] * 3 + [TensorProto.FLOAT]
    shapes = [["w", "n"], ["w", "n"], ["w"], ["s", "w"]]
    inputs = [
        helper.make_tensor_value_info(name, kind, shape)
        for name, kind, shape in zip(INPUTS["words"], types, shapes, strict=True)
    ]
    shapes_out: list[list[str | int]] = [["w", 8], ["w"]]
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in zip(OUTPUTS, shapes_out, strict=True)
    ]
    initializers = [
        numpy_helper.from_array(array.astype(kinds.get(name, np.float32)), name)
        for name, array in arrays.items()
    ]
    made = helper.make_graph(nodes, "layer", inputs, outputs, initializers)
    path = tmp_path / "layer.onnx"
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)]), path)
    return path


def test_the_function_stays_the_same(graph: Path, tmp_path: Path) -> None:
    split(graph, tmp_path / "split.onnx", [window(5)])
    before, after = Engine(graph), Engine(tmp_path / "split.onnx")
    for length in (1, 9, 30):
        wanted, found = before.run(window(length)), after.run(window(length))
        np.testing.assert_allclose(found.logits, wanted.logits, rtol=1e-4, atol=1e-3)


def test_the_widest_channels_are_named_to_stay_in_full_precision(
    graph: Path, tmp_path: Path
) -> None:
    apart = split(graph, tmp_path / "split.onnx", [window(5)])
    assert apart == ["feed_forward_0_wide_up", "feed_forward_0_wide_down"]
    made = onnx.load(tmp_path / "split.onnx").graph
    arrays = {item.name: numpy_helper.to_array(item) for item in made.initializer}
    assert 50.0 in arrays["feed_forward_0_wide_bias.weight"]
    assert arrays["feed_forward_0_wide_up.weight"].shape == (WIDTH, CHANNELS)
    assert arrays["feed_forward_0_rest_down.weight"].shape == (INNER - CHANNELS, 8)


def test_a_layer_of_like_channels_stays_whole(graph: Path, tmp_path: Path) -> None:
    model = onnx.load(graph)
    for item in model.graph.initializer:
        if item.name in {"up", "bias"}:
            even = np.ones(item.dims, dtype=np.float32)
            item.CopyFrom(numpy_helper.from_array(even, item.name))
    onnx.save(model, tmp_path / "even.onnx")
    assert split(tmp_path / "even.onnx", tmp_path / "split.onnx", [window(5)]) == []
    assert onnx.load(tmp_path / "split.onnx").graph.node == model.graph.node
