"""Optimization passes; each is kept only where it measures faster than what it changes."""

from collections.abc import Callable
from pathlib import Path

import onnx
import onnxruntime as ort
from onnxruntime.transformers import optimizer as transformers_optimizer

from export.bench import latencies, mean_latency, of_words
from export.report import Pass
from rebracket.inference.engine import UNWANTED, Engine

GAIN = 0.98
"""A pass must bring latency to this share or lower; less is noise."""

Transform = Callable[[Path, Path], str]
"""Reads a graph, writes a graph, returns a note on what it did."""


def fuse_transformer(source: Path, target: Path) -> str:
    """Onnxruntime's BERT fusions: attention, layer norm, GELU."""
    model = transformers_optimizer.optimize_model(
        str(source), model_type="bert", num_heads=12, hidden_size=384, opt_level=0
    )
    model.save_model_to_file(str(target))
    fused = {name: count for name, count in model.get_fused_operator_statistics().items() if count}
    return ", ".join(f"{count} {name}" for name, count in fused.items()) or "nothing fused"


def bake_runtime_graph(source: Path, target: Path) -> str:
    """Onnxruntime's own graph optimizations, done once here instead of at every load."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(target)
    options.log_severity_level = 3
    ort.InferenceSession(
        str(source),
        options,
        providers=["CPUExecutionProvider"],
        disabled_optimizers=UNWANTED["cpu"],
    )
    before, after = (len(onnx.load(path).graph.node) for path in (source, target))
    return f"{before} → {after} nodes"


def optimize(source: Path, target: Path) -> list[Pass]:
    """Apply each pass that lowers latency; `target` is the result."""
    current, passes = source, []
    for transform in (fuse_transformer, bake_runtime_graph):
        candidate = target.with_name(f"{transform.__name__}.onnx")
        step = _try(transform, current, candidate)
        if step.kept:
            current = candidate
        passes.append(step)
    target.write_bytes(current.read_bytes())
    return passes


def _try(transform: Transform, source: Path, target: Path) -> Pass:
    """Run a pass and measure its result beside its source; a pass that fails is not kept."""
    try:
        note = transform(source, target)
        runs = {"before": Engine(source).run, "after": Engine(target).run}
    except Exception as error:  # noqa: BLE001 - graph tools raise many unrelated types
        reason = f"failed: {str(error).splitlines()[0][:120]}"
        return Pass(name=transform.__name__, before_ms=0, after_ms=0, kept=False, note=reason)
    measured = latencies(runs, of_words())
    before, after = mean_latency(measured["before"]), mean_latency(measured["after"])
    return Pass(
        name=transform.__name__,
        before_ms=before,
        after_ms=after,
        kept=after <= before * GAIN,
        note=note,
    )
