"""ONNX sessions: arrays in, raw model outputs out."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Literal

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from rebracket.errors import ModelIncompatible
from rebracket.inference.material import EncoderName, Part
from rebracket.segment.events import EventWindow
from rebracket.segment.mel import SoundWindow
from rebracket.segment.window import Window

INPUTS: dict[EncoderName, tuple[str, ...]] = {
    "words": ("input_ids", "attention_mask", "fields", "pool"),
    "notes": (EventWindow.INPUT, "mask"),
    "sound": (SoundWindow.INPUT, "mask"),
}
"""By encoder, in the order of the models' arguments."""

OUTPUTS = ("logits", "intensity")
PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
UNWANTED: dict[str, list[str]] = {"cpu": ["SkipLayerNormFusion"], "cuda": []}
"""Fusions that make a graph slower: onnxruntime's fused SkipLayerNormalization is scalar code on CPUs,
340 µs where an addition and a layer normalization take 60."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Raw outputs: `logits` float32 [segments, 8]; `intensity` float32 [segments] in 0..1."""

    logits: NDArray[np.float32]
    intensity: NDArray[np.float32]

    def row(self, index: int) -> "Scores":
        """One segment's."""
        return Scores(self.logits[index : index + 1], self.intensity[index : index + 1])


class Engine:
    """One ONNX session; `run` may be called from several threads at once.

    A run uses `threads` threads. Side-by-side one-thread runs use the cores better than one
    many-thread run on texts of this size, so one is the default.
    """

    def __init__(
        self,
        path: Path,
        *,
        encoder: EncoderName = "words",
        threads: int = 1,
        provider: Literal["cpu", "cuda"] = "cpu",
    ) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        wanted = execution_provider(provider)
        try:
            self._session = ort.InferenceSession(
                str(path), options, providers=[wanted], disabled_optimizers=UNWANTED[provider]
            )
        except Exception as error:  # onnxruntime's exceptions share no base of their own
            raise ModelIncompatible(f"{path}: onnxruntime can't load it: {error}") from error
        found = tuple(sorted(item.name for item in self._session.get_inputs()))
        if found != tuple(sorted(INPUTS[encoder])):
            raise ModelIncompatible(f"{path}: takes {found}, expected {INPUTS[encoder]}")

    def run(self, window: Window) -> Scores:
        """Score a window, or a batch of them."""
        logits, intensity = self._session.run(OUTPUTS, window.feeds())
        return Scores(logits=logits, intensity=intensity)

    def read(self, part: Part) -> Scores:
        """Score one segment's part window by window: memory is bounded by a window, nothing is padded."""
        return pooled(part.weights, [self.run(window) for window in part.windows])


def pooled(weights: NDArray[np.float32], scores: Sequence[Scores]) -> Scores:
    """One segment's scores from those of its windows, which weigh `weights` [windows].

    The heads of the encoder of words are linear, so the weighted mean of the windows' scores is the
    score of the weighted mean of their vectors, which is what `Engine.run` computes of several windows.
    Of music the logits are log-probabilities: their mean is the windows' opinions pooled.
    """
    if len(scores) == 1:
        return scores[0]
    odds = np.array([_logit(score.intensity[0]) for score in scores])
    return Scores(
        logits=weights[None] @ np.concatenate([score.logits for score in scores]),
        intensity=_sigmoid(weights[None] @ odds).astype(np.float32),
    )


def _logit(probability: np.float32) -> float:
    inside = float(np.clip(probability, 1e-7, 1 - 1e-7))
    return log(inside / (1 - inside))


def _sigmoid(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-odds)))


def execution_provider(provider: Literal["cpu", "cuda"]) -> str:
    """What onnxruntime calls a provider.

    Raises:
        ModelIncompatible: the installed one lacks it.
    """
    wanted = PROVIDERS[provider]
    if wanted not in ort.get_available_providers():
        raise ModelIncompatible(f"this onnxruntime has no {wanted}: install onnxruntime-gpu")
    return wanted
