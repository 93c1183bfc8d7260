"""The exported generator: tokens in, logits of the next ones out, keys and values kept in between."""

from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from rebracket.errors import ModelIncompatible
from rebracket.segment.tokens import PLACE, VOCABULARY
from rebracket.segment.tokens.condition import CONDITION

LOGITS = "logits"
FEEDS = ("tokens", "places", "condition", "last", "total")
"""Inputs besides the cache, in the order of the exported function's arguments."""


def cache_names(layers: int) -> tuple[list[str], list[str]]:
    """The names of the cache's inputs and outputs, a layer's key and value side by side."""
    return tuple(  # type: ignore[return-value]
        [f"{side}_{what}_{layer}" for layer in range(layers) for what in ("key", "value")]
        for side in ("past", "present")
    )


class GeneratorEngine:
    """One ONNX session on one thread; sessions of several threads may `start` at once."""

    def __init__(self, path: Path) -> None:
        """Load a graph.

        Raises:
            ModelIncompatible: it can't be loaded, or is not what this version serves.
        """
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        try:
            self._session = ort.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's exceptions share no base of their own
            raise ModelIncompatible(f"{path}: onnxruntime can't load it: {error}") from error
        shapes = {item.name: item.shape for item in self._session.get_inputs()}
        self.layers = (len(shapes) - len(FEEDS)) // 2
        wanted = {*FEEDS, *cache_names(self.layers)[0]}
        if set(shapes) != wanted:
            raise ModelIncompatible(f"{path}: takes {sorted(shapes)}, expected {sorted(wanted)}")
        found = (
            shapes["places"][-1],
            shapes["condition"][-1],
            self._session.get_outputs()[0].shape[-1],
        )
        if found != (len(PLACE), CONDITION, VOCABULARY):
            raise ModelIncompatible(f"{path}: was trained on other tokens than this version writes")
        _, self._heads, _, self._head = shapes["past_key_0"]

    def start(self, condition: NDArray[np.float32], capacity: int) -> "Writing":
        """Begin pieces, one for each of `condition` [pieces, CONDITION], of at most `capacity` tokens."""
        return Writing(self._session, condition, (self._heads, capacity, self._head), self.layers)


class Writing:
    """Pieces that are written side by side.

    The cache is as large as it may get from the beginning and written in place: no step copies it. What
    it does not use yet takes no memory, because the system maps pages when they are first written.
    """

    def __init__(
        self,
        session: ort.InferenceSession,
        condition: NDArray[np.float32],
        shape: tuple[int, int, int],
        layers: int,
    ) -> None:
        self._session = session
        self._count = len(condition)
        self._capacity = shape[1]
        self._binding = session.io_binding()
        self._binding.bind_cpu_input("condition", condition)
        for past, present in zip(*cache_names(layers), strict=True):
            buffer = ort.OrtValue.ortvalue_from_numpy(
                np.zeros((self._count, *shape), dtype=np.float32)
            )
            self._binding.bind_ortvalue_input(past, buffer)
            self._binding.bind_ortvalue_output(present, buffer)
        self.length = 0
        """Tokens so far."""

    def feed(self, tokens: NDArray[np.int64], places: NDArray[np.int64]) -> NDArray[np.float32]:
        """Logits of what follows [pieces, VOCABULARY].

        Shapes: `tokens` [pieces, tokens]; `places` [pieces, tokens, len(PLACE)]. Only the first call
        may give several tokens.
        """
        self.length += tokens.shape[1]
        assert self.length <= self._capacity, "the cache is full"
        binding = self._binding
        binding.bind_cpu_input("tokens", tokens)
        binding.bind_cpu_input("places", places)
        binding.bind_cpu_input("last", np.full(self._count, self.length - 1, dtype=np.int32))
        binding.bind_cpu_input("total", np.array(self.length, dtype=np.int32))
        binding.bind_output(LOGITS)
        self._session.run_with_iobinding(binding)
        logits: NDArray[np.float32] = binding.get_outputs()[-1].numpy()
        return logits
