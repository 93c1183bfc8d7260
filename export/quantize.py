"""Graphs with 8-bit weights: the fastest candidate that verifies is kept."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
from onnxruntime.quantization.shape_inference import quant_pre_process

from export.bench import latencies, mean_latency
from export.optimize import GAIN
from export.report import Agreement, Pass
from rebracket.errors import ExportError
from rebracket.inference.engine import Engine

BLOCK = 128
INT8_ACTIVATIONS = 4

Transform = Callable[[Path, Path], None]
"""Reads a prepared graph, writes a quantized one."""

Verify = Callable[[Engine], Agreement]
"""Compares with PyTorch; raises ExportError where the difference is too large."""


def per_tensor(source: Path, target: Path) -> None:
    """One scale a weight matrix, one a run for each activation."""
    quantize_dynamic(source, target, weight_type=QuantType.QInt8)


def per_channel(source: Path, target: Path) -> None:
    """One scale an output channel; activations as above."""
    quantize_dynamic(source, target, weight_type=QuantType.QInt8, per_channel=True)


def per_channel_but_down(source: Path, target: Path) -> None:
    """As above, but the layers' last projections, whose inputs are the widest spread, stay fp32."""
    graph = onnx.load(source).graph
    dims = {item.name: list(item.dims) for item in graph.initializer}
    wide = [
        node.name
        for node in graph.node
        if node.op_type == "MatMul" and dims.get(node.input[1]) == [1536, 384]
    ]
    quantize_dynamic(
        source, target, weight_type=QuantType.QInt8, per_channel=True, nodes_to_exclude=wide
    )


def blockwise(source: Path, target: Path) -> None:
    """One scale for each 128 weights and activations of a row: closest to fp32."""
    quantizer = MatMulNBitsQuantizer(
        onnx.load(source),
        bits=8,
        block_size=BLOCK,
        is_symmetric=True,
        accuracy_level=INT8_ACTIVATIONS,
    )
    quantizer.process()
    quantizer.model.save_model_to_file(str(target))


CANDIDATES: tuple[Transform, ...] = (per_tensor, per_channel, per_channel_but_down, blockwise)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A quantized graph on disk."""

    name: str
    path: Path
    engine: Engine


def quantize(source: Path, target: Path, verify: Verify) -> tuple[list[Pass], Agreement]:
    """Write the fastest candidate that verifies to `target`.

    Raises:
        ExportError: no candidate is faster than `source` and verifies; says why for each.
    """
    candidates = list(_build(source, target.parent))
    measured = latencies(
        {"fp32": Engine(source).run, **{item.name: item.engine.run for item in candidates}}
    )
    means = {name: mean_latency(by_length) for name, by_length in measured.items()}
    passes: list[Pass] = []
    kept: Agreement | None = None
    for item in sorted(candidates, key=lambda item: means[item.name]):
        note, agreement = "not needed", None
        if kept is None:
            note, agreement = _judge(item, means, verify)
        if agreement is not None:
            kept = agreement
            target.write_bytes(item.path.read_bytes())
        passes.append(
            Pass(
                name=f"int8_{item.name}",
                before_ms=means["fp32"],
                after_ms=means[item.name],
                kept=agreement is not None,
                note=note,
            )
        )
    if kept is None:
        reasons = "; ".join(f"{item.name}: {item.note}" for item in passes)
        raise ExportError(f"no int8 candidate serves: {reasons}")
    return passes, kept


def _judge(
    item: Candidate, means: dict[str, float], verify: Verify
) -> tuple[str, Agreement | None]:
    if means[item.name] > means["fp32"] * GAIN:
        return "not faster than fp32", None
    try:
        agreement = verify(item.engine)
    except ExportError as error:
        return str(error), None
    size = item.path.stat().st_size / 2**20
    return f"{agreement.label_agreement:.1%} of labels agree, {size:.0f} MiB", agreement


def _build(source: Path, work: Path) -> Iterator[Candidate]:
    prepared = work / "prepared.onnx"
    quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
    for transform in CANDIDATES:
        path = work / f"{transform.__name__}.onnx"
        transform(prepared, path)
        yield Candidate(transform.__name__, path, Engine(path))
