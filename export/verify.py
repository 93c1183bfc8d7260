"""Exported outputs beside PyTorch's."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from export.report import Agreement, Verification
from rebracket.config import available_cores
from rebracket.errors import ExportError
from rebracket.inference.calibration import Calibration
from rebracket.inference.engine import Engine, Scores
from rebracket.inference.material import Part
from rebracket.models.classifier import SegmentClassifier
from rebracket.segment.text import Windows
from rebracket.segment.window import Window
from rebracket.taxonomy import RebracketingType
from rebracket.training.corpus import AuthoredText
from rebracket.training.metrics import measure
from rebracket.training.score import encode_all, score

TOLERANCE = 1e-4
"""fp32: the largest absolute difference allowed on probabilities and intensity."""

MIN_AGREEMENT = 0.97
MAX_F1_LOSS = 0.01
"""int8: labels that must agree, and macro-F1 that may be lost, on held-out texts."""

SEGMENTS = (1, 2, 5)
LENGTHS = (3, 17, 64, 256)


def grid() -> Iterator[Windows]:
    """Batches of every size and length; rows end at random places, so padding is included."""
    rng = np.random.default_rng(0)
    for segments in SEGMENTS:
        for length in LENGTHS:
            windows = segments + 1  # the last segment has two windows
            ids = rng.integers(1000, 20000, (windows, length), dtype=np.int64)
            ends = rng.integers(2, length + 1, windows)
            ends[0] = length
            mask = (np.arange(length) < ends[:, None]).astype(np.int64)
            pool = np.zeros((segments, windows), dtype=np.float32)
            pool[np.arange(segments), np.arange(segments)] = 1
            pool[-1, -2:] = (0.25, 0.75)
            fields = rng.integers(0, 2, windows, dtype=np.int64)
            yield Windows(ids=ids * mask, mask=mask, fields=fields, pool=pool)


def run_torch(model: nn.Module, window: Window) -> Scores:
    """PyTorch's answer to what an engine gets."""
    with torch.no_grad():
        logits, intensity = model(*(torch.from_numpy(array) for array in window.feeds().values()))
    return Scores(logits=logits.numpy(), intensity=intensity.numpy())


def verify(
    model: nn.Module,
    engine: Engine,
    calibration: Calibration,
    windows: Iterable[Window],
    *,
    of: str = "",
) -> Verification:
    """Compare over these, each a batch or a lone window.

    Raises:
        ExportError: names what the outputs are of, where told; a difference is over `TOLERANCE`, or not a number.
    """
    cases, probabilities, intensity = 0, 0.0, 0.0
    for window in windows:
        wanted, found = run_torch(model, window), engine.run(window)
        cases += 1
        probabilities = max(probabilities, _gap(wanted, found, calibration))
        intensity = max(intensity, float(np.abs(wanted.intensity - found.intensity).max()))
    largest = Verification(cases=cases, probabilities=probabilities, intensity=intensity)
    return within(largest, of=of)


def within(found: Verification, *, of: str = "") -> Verification:
    """The same, where it is within `TOLERANCE`.

    Raises:
        ExportError: it is not, or is not a number.
    """
    if not (found.probabilities <= TOLERANCE and found.intensity <= TOLERANCE):
        raise ExportError(
            f"{of and f'{of}: '}outputs differ from PyTorch's by {found.probabilities:.2e} (probabilities) and "
            f"{found.intensity:.2e} (intensity); {TOLERANCE:.0e} is allowed"
        )
    return found


@dataclass(frozen=True, slots=True)
class Reference:
    """PyTorch's reading of held-out texts, which quantized graphs are compared with."""

    calibration: Calibration
    windows: list[Windows]
    types: list[RebracketingType]
    probabilities: NDArray[np.float64]
    intensity: NDArray[np.float64]

    @classmethod
    def of(
        cls, model: SegmentClassifier, calibration: Calibration, texts: Sequence[AuthoredText]
    ) -> Self:
        """Read the texts with PyTorch."""
        segments = [text.segment for text in texts]
        with model.fused_attention():
            raw = score(model, segments)
        return cls(
            calibration=calibration,
            windows=encode_all(segments),
            types=[text.majority for text in texts],
            probabilities=calibration.probabilities(raw.logits),
            intensity=raw.intensity,
        )

    def verify(self, engine: Engine) -> Agreement:
        """Compare a graph's reading of each text, alone, as it is served.

        Raises:
            ExportError: too few labels agree, or too much macro-F1 is lost.
        """
        found = self._read(engine)
        probabilities = np.concatenate(
            [self.calibration.probabilities(scores.logits) for scores in found]
        )
        intensity = np.concatenate([scores.intensity for scores in found])
        same = (probabilities.argmax(axis=1) == self.probabilities.argmax(axis=1)).mean()
        macro_f1 = self._macro_f1(probabilities)
        agreement = Agreement(
            texts=len(found),
            label_agreement=float(same),
            macro_f1=macro_f1,
            macro_f1_loss=self._macro_f1(self.probabilities) - macro_f1,
            probabilities=float(np.abs(probabilities - self.probabilities).max()),
            intensity=float(np.abs(intensity - self.intensity).max()),
        )
        if agreement.macro_f1_loss > MAX_F1_LOSS:
            raise ExportError(
                f"loses {agreement.macro_f1_loss:.3f} macro-F1 ({MAX_F1_LOSS} allowed)"
            )
        return agreement

    def _read(self, engine: Engine) -> list[Scores]:
        """Read all texts; ends with the label that is one disagreement too many."""
        allowed = int((1 - MIN_AGREEMENT) * len(self.windows))
        found: list[Scores] = []
        others = 0
        with ThreadPoolExecutor(available_cores()) as pool:
            try:
                for scores in pool.map(engine.read, map(Part.of_words, self.windows)):
                    wanted = self.probabilities[len(found)].argmax()
                    others += int(scores.logits[0].argmax() != wanted)
                    found.append(scores)
                    if others > allowed:
                        raise ExportError(
                            f"differs from PyTorch in {others} of the first {len(found)} labels "
                            f"({allowed} of {len(self.windows)} allowed)"
                        )
            finally:
                pool.shutdown(cancel_futures=True)
        return found

    def _macro_f1(self, probabilities: NDArray[np.float64]) -> float:
        zeros = np.zeros(len(self.types))
        return measure(probabilities, zeros, types=self.types, intensities=zeros.tolist()).macro_f1


def _gap(wanted: Scores, found: Scores, calibration: Calibration) -> float:
    a, b = (calibration.probabilities(scores.logits) for scores in (wanted, found))
    return float(np.abs(a - b).max())
