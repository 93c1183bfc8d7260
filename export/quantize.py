"""Graphs with 8-bit weights: the fastest candidate that verifies is kept."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
from onnxruntime.quantization.shape_inference import quant_pre_process

from export.bench import latencies, mean_latency, of_words
from export.outliers import split
from export.report import Agreement, Pass
from rebracket.errors import ExportError
from rebracket.inference.engine import Engine
from rebracket.segment.text import Windows

BLOCK = 128
INT8_ACTIVATIONS = 4

PRODUCTS = ("MatMul", "Gemm", "Gather")
"""What gets 8-bit weights; onnxruntime would take ONNX's Attention for its own of that name."""

GAIN = 0.98
"""8 bits must bring latency to this share or lower; less is noise."""

Verify = Callable[[Engine], Agreement]
"""Compares with PyTorch; raises ExportError where the difference is too large."""


def per_channel(source: Path, target: Path, *, but: Sequence[str] = ()) -> None:
    """One scale an output channel, one a run for each activation; nodes named in `but` stay fp32."""
    quantize_dynamic(
        source,
        target,
        op_types_to_quantize=list(PRODUCTS),
        weight_type=QuantType.QInt8,
        per_channel=True,
        nodes_to_exclude=list(but),
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


@dataclass(frozen=True, slots=True)
class Candidate:
    """A quantized graph on disk."""

    name: str
    path: Path
    engine: Engine


def quantize(
    source: Path, work: Path, target: Path, samples: Sequence[Windows], verify: Verify
) -> tuple[list[Pass], Agreement]:
    """Write the fastest candidate that verifies to `target`; `samples` show what activations reach.

    Candidates are made in the folder `work`.

    Raises:
        ExportError: no candidate is faster than `source` and verifies; says why for each.
    """
    candidates = list(_build(source, work, samples))
    measured = latencies(
        {"fp32": Engine(source).run, **{item.name: item.engine.run for item in candidates}},
        of_words(),
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


def _build(source: Path, work: Path, samples: Sequence[Windows]) -> Iterator[Candidate]:
    prepared, parted = work / "prepared.onnx", work / "parted.onnx"
    quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
    apart = split(prepared, parted, samples)
    candidates = {
        "per_channel": partial(per_channel, prepared),
        "per_channel_split": partial(per_channel, parted, but=apart),
        "blockwise": partial(blockwise, prepared),
    }
    for name, transform in candidates.items():
        path = work / f"{name}.onnx"
        transform(path)
        yield Candidate(name, path, Engine(path))
