"""Attention that the exporter wrote out → ONNX's operator for it: one kernel in the place of ten nodes.

It reads heads where they lie, so that nothing is transposed, and goes over the scores once where scaling,
masking and softmax each went over them.
"""

from pathlib import Path
from typing import Any

import onnx
from onnxscript.rewriter import RewriteRule, rewrite
from onnxscript.rewriter.pattern import ANY_VALUE

from rebracket.errors import ExportError

Value = Any
"""A value of the graph; the rewriter's own type is a part of its innards."""


def fuse_attention(source: Path, target: Path) -> int:
    """Write the same function to `target`; returns how many layers' attention that fused.

    Raises:
        ExportError: there is no attention as the exporter is known to write it.
    """
    model = rewrite(onnx.load(source), [RewriteRule(_written_out, _operator)])
    layers = [node.op_type for node in model.graph.node].count("Attention")
    if not layers:
        raise ExportError("the exporter wrote no attention that is known: it would stay in pieces")
    onnx.save(model, target)
    return layers


def _written_out(
    op: Any, query: Value, key: Value, value: Value, split: Value, scale: Value, bias: Value
) -> Value:
    """softmax(query keyᵀ · scale + bias) value, by heads; each is [windows, length, width]."""
    queries = op.Transpose(op.Reshape(query, split, allowzero=1), perm=[0, 2, 1, 3])
    keys = op.Transpose(op.Reshape(key, split, allowzero=1), perm=[0, 2, 3, 1])
    values = op.Transpose(op.Reshape(value, split, allowzero=1), perm=[0, 2, 1, 3])
    scores = op.Add(op.Mul(op.MatMul(queries, keys), scale), bias)
    found = op.MatMul(op.Softmax(scores, axis=-1), values)
    return op.Reshape(op.Transpose(found, perm=[0, 2, 1, 3]), ANY_VALUE, allowzero=1)


def _operator(
    op: Any, query: Value, key: Value, value: Value, split: Value, scale: Value, bias: Value
) -> Value:
    """The kernel wants a bias for each pair of places, where the model's is the same for all that ask."""
    _, _, _, size = split.producer().inputs
    heads = query.shape[-1] // size.const_value.numpy().item()
    one = op.Constant(value_ints=[1])
    places = op.Concat(one, one, op.Shape(query, start=1, end=2), one, axis=0)
    return op.Attention(
        query,
        key,
        value,
        op.Expand(bias, places),
        q_num_heads=heads,
        kv_num_heads=heads,
        scale=float(scale.const_value.numpy().item()),
    )
