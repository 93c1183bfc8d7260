"""Feed-forward layers in two parts, so that a few channels don't spoil the others' 8 bits.

In a BERT-like encoder one or two channels of a layer reach several times as far as all others, at the
first token only (Bondarenko et al. 2021, "Understanding and Overcoming the Challenges of Efficient
Transformer Quantization"). Under the one scale that a run's activations share they leave the rest few of
its 256 steps. So where there are such channels, those that reach furthest are computed apart, in full precision
(as in LLM.int8(), Dettmers et al. 2022); they are chosen once, from samples, because they are the same in every text.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from rebracket.segment.text import Windows

CHANNELS = 16
"""How many of a layer's channels stand apart: a full vector of floats, which costs no more than one."""

FAR = 2.0
"""A layer is split where a channel reaches so many times as far as those that would be left; else it would
only grow slower."""


@dataclass(frozen=True, slots=True)
class FeedForward:
    """The nodes of `down(gelu(up(x) + bias))`."""

    up: onnx.NodeProto
    add: onnx.NodeProto
    gelu: onnx.NodeProto
    down: onnx.NodeProto
    bias: str


def split(source: Path, target: Path, samples: Sequence[Windows]) -> list[str]:
    """Write a graph of the same function to `target`.

    Returns the names of its nodes that should stay in full precision.
    """
    model = onnx.load(source)
    layers = list(_layers(model.graph))
    reaches = _reaches(model, [layer.gelu.output[0] for layer in layers], samples)
    apart: list[str] = []
    for number, (layer, reach) in enumerate(zip(layers, reaches, strict=True)):
        order = np.argsort(reach)
        if reach[order[-1]] < FAR * reach[order[-CHANNELS - 1]]:
            continue
        parts = {"rest": np.sort(order[:-CHANNELS]), "wide": np.sort(order[-CHANNELS:])}
        apart += _replace(model.graph, layer, f"feed_forward_{number}", parts)
    onnx.save(model, target)
    return apart


def _layers(graph: onnx.GraphProto) -> Iterator[FeedForward]:
    made_by = {name: node for node in graph.node for name in node.output}
    constants = {item.name for item in graph.initializer}
    for down in graph.node:
        gelu = made_by.get(down.input[0]) if down.op_type == "MatMul" else None
        if gelu is not None and gelu.op_type == "Gelu":
            add = made_by[gelu.input[0]]
            (bias,) = (name for name in add.input if name in constants)
            (product,) = (name for name in add.input if name != bias)
            yield FeedForward(made_by[product], add, gelu, down, bias)


def _reaches(
    model: onnx.ModelProto, names: Sequence[str], samples: Sequence[Windows]
) -> list[NDArray[np.float32]]:
    """The largest magnitude of each channel [channels] of these activations."""
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    outputs = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names]
    probe.graph.output.extend(outputs)
    session = ort.InferenceSession(probe.SerializeToString(), providers=["CPUExecutionProvider"])
    found = [
        [np.abs(values).max(axis=(0, 1)) for values in session.run(names, window.feeds())]
        for sample in samples
        for window in sample.alone()
    ]
    return [np.max(reaches, axis=0) for reaches in zip(*found, strict=True)]


def _replace(
    graph: onnx.GraphProto, layer: FeedForward, name: str, parts: dict[str, NDArray[np.int64]]
) -> list[str]:
    """Each part's channels through the layer, and the sum of both; returns the wide part's products."""
    arrays = {item.name: item for item in graph.initializer}
    replaced = [arrays[key] for key in (layer.up.input[1], layer.bias, layer.down.input[1])]
    up, bias, down = map(numpy_helper.to_array, replaced)
    nodes: list[onnx.NodeProto] = []
    for part, channels in parts.items():
        prefix = f"{name}_{part}"
        weights = {"up": up[:, channels], "bias": bias[channels], "down": down[channels]}
        graph.initializer.extend(
            numpy_helper.from_array(np.ascontiguousarray(array), f"{prefix}_{key}.weight")
            for key, array in weights.items()
        )
        nodes += _chain(prefix, layer.up.input[0])
    sums = [f"{name}_{part}_down" for part in parts]
    nodes.append(helper.make_node("Add", sums, list(layer.down.output), name=f"{name}_sum"))
    _put(graph, nodes, instead_of=[layer.up, layer.add, layer.gelu, layer.down])
    for item in replaced:
        graph.initializer.remove(item)
    return [f"{name}_wide_up", f"{name}_wide_down"]


def _chain(prefix: str, source: str) -> list[onnx.NodeProto]:
    steps = (
        ("MatMul", "up", [source, f"{prefix}_up.weight"]),
        ("Add", "bias", [f"{prefix}_up", f"{prefix}_bias.weight"]),
        ("Gelu", "gelu", [f"{prefix}_bias"]),
        ("MatMul", "down", [f"{prefix}_gelu", f"{prefix}_down.weight"]),
    )
    return [
        helper.make_node(kind, inputs, [f"{prefix}_{step}"], name=f"{prefix}_{step}")
        for kind, step, inputs in steps
    ]


def _put(
    graph: onnx.GraphProto,
    nodes: Sequence[onnx.NodeProto],
    *,
    instead_of: Sequence[onnx.NodeProto],
) -> None:
    """Nodes must stand after what they read: the new ones take the last old one's place."""
    place = list(graph.node).index(instead_of[-1])
    for node in reversed(nodes):
        graph.node.insert(place, node)
    for node in instead_of:
        graph.node.remove(node)
