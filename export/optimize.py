"""What the exporter's graph is turned into before it is served or quantized, and what that brings."""

from pathlib import Path

from export.attention import fuse_attention
from export.bench import latencies, mean_latency, of_words
from export.report import Pass
from rebracket.inference.engine import Engine


def optimize(source: Path, target: Path) -> Pass:
    """Write the same function to `target`; both are measured side by side.

    Raises:
        ExportError: there is no attention as the exporter is known to write it.
    """
    layers = fuse_attention(source, target)
    runs = {"before": Engine(source).run, "after": Engine(target).run}
    measured = latencies(runs, of_words())
    before, after = mean_latency(measured["before"]), mean_latency(measured["after"])
    return Pass(
        name=fuse_attention.__name__,
        before_ms=before,
        after_ms=after,
        kept=True,
        note=f"{layers} layers",
    )
