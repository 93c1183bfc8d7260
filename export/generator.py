"""The generator → one ONNX graph for prefill and single steps, with a cache that is written in place."""

from pathlib import Path
from time import perf_counter

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from export.convert import OPSET
from export.quiet import quiet
from export.report import GeneratorReport
from rebracket.errors import ExportError
from rebracket.inference.generator import FEEDS, LOGITS, GeneratorEngine, cache_names
from rebracket.models.generator import CONTEXT, HEAD, HEADS, LAYERS, Generator, Layer
from rebracket.segment.tokens import PLACE, PLACES, VOCABULARY
from rebracket.segment.tokens.condition import CONDITION

FILE = "generator.onnx"
TOLERANCE = 1e-3
"""The largest difference allowed on logits."""

STEPS = 512
"""Greedy tokens that must be the same."""

ROWS = (1, 2, 4)
PREFILL = 96
TIMED_TOKENS = 128
TIMED_OPENING = 256


def export_generator(model: Generator, path: Path) -> GeneratorReport:
    """Write the graph, compare it with PyTorch, and time both.

    Raises:
        ExportError: the exporter failed, or outputs are not PyTorch's.
    """
    convert_generator(model, path)
    engine = GeneratorEngine(path)
    gap = max(largest_gap(model, engine, rows) for rows in ROWS)
    if not gap <= TOLERANCE:
        raise ExportError(f"generator: logits differ by {gap:.2e}; {TOLERANCE:.0e} is allowed")
    same = same_greedy(model, engine)
    if same < STEPS:
        raise ExportError(f"generator: the greedy token {same} of {STEPS} is not PyTorch's")
    eager, cached = timed(model, engine)
    return GeneratorReport(
        logits=gap,
        greedy=same,
        eager_ms=round(eager, 3),
        cached_ms=round(cached, 3),
        megabytes=round(path.stat().st_size / 2**20, 1),
    )


def convert_generator(model: Generator, path: Path) -> None:
    """Export one forward pass over new tokens, given those before as keys and values.

    Attention is onnxruntime's GroupQueryAttention: it turns queries and keys by their positions and
    writes the new keys and values into buffers that past and present share, where the exporter's own
    graph would copy the whole cache at each step.

    Raises:
        ExportError: the exporter failed, or its graph is not what serving expects.
    """
    past = [torch.zeros(2, HEADS, 7, HEAD) for _ in range(2 * LAYERS)]
    example = (
        torch.zeros(2, 3, dtype=torch.long),
        torch.zeros(2, 3, len(PLACE), dtype=torch.long),
        torch.zeros(2, CONDITION),
        torch.full((2,), 2, dtype=torch.int32),
        torch.tensor(3, dtype=torch.int32),
    )
    rows, tokens, capacity = "pieces", "tokens", "capacity"
    step = {0: rows, 1: tokens}
    names = cache_names(LAYERS)
    try:
        with quiet():
            torch.onnx.export(
                _Step(model).eval(),
                (*example, *past),
                path,
                dynamo=True,
                verbose=False,
                external_data=False,
                opset_version=OPSET,
                input_names=[*FEEDS, *names[0]],
                output_names=[LOGITS, *names[1]],
                dynamic_shapes=(
                    *(step, step, {0: rows}, {0: rows}, None),
                    tuple({0: rows, 2: capacity} for _ in past),
                ),
            )
    except Exception as error:  # the exporter raises many unrelated types
        raise ExportError(f"PyTorch's exporter failed: {error}") from error
    _check(path)


def _check(path: Path) -> None:
    graph = onnx.load(path, load_external_data=False).graph
    found = {item.name for item in (*graph.input, *graph.output)}
    wanted = {*FEEDS, LOGITS, *cache_names(LAYERS)[0], *cache_names(LAYERS)[1]}
    if found != wanted:
        raise ExportError(f"the generator's inputs and outputs are {sorted(found)}")


class _Step(nn.Module):
    """New tokens after those in the cache; logits of the last one only."""

    cosines: Tensor
    sines: Tensor

    def __init__(self, model: Generator) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("cosines", model.angles[0].clone())
        self.register_buffer("sines", model.angles[1].clone())

    def forward(
        self,
        tokens: Tensor,
        places: Tensor,
        asked: Tensor,
        last: Tensor,
        total: Tensor,
        *past: Tensor,
    ) -> tuple[Tensor, ...]:
        model = self.model
        hidden = model.enter(tokens, places, asked)
        present: list[Tensor] = []
        for index, layer in enumerate(model.layers):
            assert isinstance(layer, Layer)
            cache = past[2 * index : 2 * index + 2]
            query, key, value = layer.projected(hidden)
            found, *new = torch.onnx.ops.symbolic_multi_out(
                "com.microsoft::GroupQueryAttention",
                (query, key, value, *cache, last, total, self.cosines, self.sines),
                {
                    "num_heads": HEADS,
                    "kv_num_heads": HEADS,
                    "do_rotary": 1,
                    "local_window_size": CONTEXT,
                },
                dtypes=(torch.float32,) * 3,
                shapes=(query.shape, cache[0].shape, cache[1].shape),
                version=1,
            )
            hidden = layer.finished(hidden, found)
            present += new
        return model.leave(hidden[:, -1]), *present


def largest_gap(model: Generator, engine: GeneratorEngine, rows: int) -> float:
    """The largest difference of logits over `STEPS` random tokens: a prefill, then one by one."""
    tokens, places, asked = _noise(rows)
    wanted = _torch(model, tokens, places, asked)
    writing = engine.start(asked, STEPS)
    gap = 0.0
    for start, end in [(0, PREFILL), *((k, k + 1) for k in range(PREFILL, STEPS))]:
        found = writing.feed(
            np.ascontiguousarray(tokens[:, start:end]), np.ascontiguousarray(places[:, start:end])
        )
        gap = max(gap, float(np.abs(found - wanted[:, end - 1]).max()))
    return gap


def _noise(rows: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    rng = np.random.default_rng(rows)
    tokens = rng.integers(1, VOCABULARY, (rows, STEPS))
    places = rng.integers(0, PLACES, (rows, STEPS, len(PLACE)))
    return tokens, places, rng.normal(size=(rows, CONDITION)).astype(np.float32)


@torch.no_grad()
def _torch(
    model: Generator,
    tokens: NDArray[np.int64],
    places: NDArray[np.int64],
    asked: NDArray[np.float32],
) -> NDArray[np.float32]:
    logits: Tensor = model(*map(torch.from_numpy, (tokens, places, asked)))
    return logits.numpy()


def same_greedy(model: Generator, engine: GeneratorEngine) -> int:
    """How many of `STEPS` tokens are PyTorch's when each is the likeliest after those before."""
    _, places, asked = _noise(1)
    writing = engine.start(asked, STEPS + 1)
    tokens = np.ones((1, 1), dtype=np.int64)
    for step in range(STEPS):
        found = writing.feed(
            tokens[:, -1:].copy(), np.ascontiguousarray(places[:, step : step + 1])
        )
        tokens = np.append(tokens, found.argmax(axis=1)[:, None], axis=1)
    wanted = _torch(model, tokens[:, :-1], places, asked).argmax(axis=2)
    same = wanted[0] == tokens[0, 1:]
    return STEPS if same.all() else int(same.argmin())


def timed(model: Generator, engine: GeneratorEngine) -> tuple[float, float]:
    """Milliseconds a token in the middle of a piece: PyTorch, which reads all tokens again, and ONNX."""
    tokens, places, asked = _noise(1)
    torch.set_num_threads(1)  # as the engine runs
    eager, writing = 0.0, engine.start(asked, STEPS)
    writing.feed(tokens[:, :TIMED_OPENING].copy(), places[:, :TIMED_OPENING].copy())
    cached = 0.0
    for length in range(TIMED_OPENING, TIMED_OPENING + TIMED_TOKENS):
        start = perf_counter()
        writing.feed(tokens[:, length : length + 1].copy(), places[:, length : length + 1].copy())
        middle = perf_counter()
        _torch(model, tokens[:, : length + 1], places[:, : length + 1], asked)
        cached += middle - start
        eager += perf_counter() - middle
    return eager / TIMED_TOKENS * 1000, cached / TIMED_TOKENS * 1000
