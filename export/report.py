"""What an export did and how it measured; printed, and stored with the model."""

from pydantic import BaseModel, ConfigDict

Shapes = dict[str, tuple[str | int, ...]]


class Entry(BaseModel):
    """Unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Pass(Entry):
    """One optimization pass, benchmarked beside the graph that it changes.

    `before_ms` and `after_ms` are medians of one-thread runs, averaged over lengths.
    """

    name: str
    before_ms: float
    after_ms: float
    kept: bool
    note: str = ""


class Verification(Entry):
    """The largest differences from PyTorch over a grid of batch sizes and lengths."""

    cases: int
    probabilities: float
    intensity: float


class Agreement(Entry):
    """An artefact beside PyTorch on held-out texts."""

    texts: int
    label_agreement: float
    macro_f1: float
    macro_f1_loss: float
    probabilities: float
    intensity: float


class MusicReport(Entry):
    """The encoders of music: beside PyTorch, alone and in every subset with words; and how fast."""

    verification: dict[str, Verification] = {}
    subsets: dict[str, Verification] = {}
    latency_ms: dict[str, dict[str, dict[str, float]]] = {}


class GeneratorReport(Entry):
    """The generator beside PyTorch.

    The largest difference of logits, how many greedy tokens are the same, and milliseconds a token: in
    PyTorch without a cache, and in ONNX with one.
    """

    logits: float
    greedy: int
    eager_ms: float
    cached_ms: float
    megabytes: float


class Report(Entry):
    """Everything about one export."""

    source: str
    opset: int
    versions: dict[str, str]
    passes: list[Pass]
    latency_ms: dict[str, dict[str, float]]
    megabytes: dict[str, float]
    verification: Verification
    int8: Agreement
    music: MusicReport
    generator: GeneratorReport | None = None
