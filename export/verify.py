"""Exported outputs beside PyTorch's."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from export.report import Agreement, Verification
from rebracket.errors import ExportError
from rebracket.inference.calibration import Calibration
from rebracket.inference.engine import Engine, Scores
from rebracket.models.classifier import SegmentClassifier
from rebracket.segment.text import Windows
from rebracket.taxonomy import RebracketingType
from rebracket.training.metrics import measure

TOLERANCE = 1e-4
"""fp32: the largest absolute difference allowed on probabilities and intensity."""

MIN_AGREEMENT = 0.97
MAX_F1_LOSS = 0.01
"""int8: labels that must agree, and macro-F1 that may be lost, on held-out texts."""

SEGMENTS = (1, 2, 5, 8)
LENGTHS = (3, 17, 64, 256)


@dataclass(frozen=True, slots=True)
class Sample:
    """A held-out text as windows, with its true type and intensity."""

    windows: Windows
    type: RebracketingType
    intensity: float


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


def run_torch(model: SegmentClassifier, windows: Windows) -> Scores:
    """PyTorch's answer to what an engine gets."""
    with torch.no_grad():
        logits, intensity = model(*(torch.from_numpy(array) for array in windows.feeds().values()))
    return Scores(logits=logits.numpy(), intensity=intensity.numpy())


def verify_grid(model: SegmentClassifier, engine: Engine, calibration: Calibration) -> Verification:
    """Compare over the grid.

    Raises:
        ExportError: a difference is over `TOLERANCE`, or not a number.
    """
    cases, probabilities, intensity = 0, 0.0, 0.0
    for windows in grid():
        wanted, found = run_torch(model, windows), engine.run(windows)
        cases += 1
        probabilities = max(probabilities, _gap(wanted, found, calibration))
        intensity = max(intensity, float(np.abs(wanted.intensity - found.intensity).max()))
    if not (probabilities <= TOLERANCE and intensity <= TOLERANCE):
        raise ExportError(
            f"outputs differ from PyTorch's by {probabilities:.2e} (probabilities) and "
            f"{intensity:.2e} (intensity); {TOLERANCE:.0e} is allowed"
        )
    return Verification(cases=cases, probabilities=probabilities, intensity=intensity)


def verify_quantized(
    model: SegmentClassifier, engine: Engine, calibration: Calibration, samples: Sequence[Sample]
) -> Agreement:
    """Compare on held-out texts, each alone, as it is served.

    Raises:
        ExportError: too few labels agree, or too much macro-F1 is lost.
    """
    wanted = [run_torch(model, sample.windows) for sample in samples]
    found = [engine.run(sample.windows) for sample in samples]
    a, b = (_probabilities(scores, calibration) for scores in (wanted, found))
    same = float((a.argmax(axis=1) == b.argmax(axis=1)).mean())
    score, reference = (_macro_f1(p, samples) for p in (b, a))
    agreement = Agreement(
        texts=len(samples),
        label_agreement=same,
        macro_f1=score,
        macro_f1_loss=reference - score,
        probabilities=float(np.abs(a - b).max()),
        intensity=float(
            max(
                abs(float((x.intensity - y.intensity)[0]))
                for x, y in zip(wanted, found, strict=True)
            )
        ),
    )
    if same < MIN_AGREEMENT or agreement.macro_f1_loss > MAX_F1_LOSS:
        raise ExportError(
            f"int8 agrees with PyTorch on {same:.1%} of labels ({MIN_AGREEMENT:.0%} needed) and "
            f"loses {agreement.macro_f1_loss:.3f} macro-F1 ({MAX_F1_LOSS} allowed)"
        )
    return agreement


def _gap(wanted: Scores, found: Scores, calibration: Calibration) -> float:
    a, b = (calibration.probabilities(scores.logits) for scores in (wanted, found))
    return float(np.abs(a - b).max())


def _probabilities(scores: list[Scores], calibration: Calibration) -> NDArray[np.float64]:
    return np.concatenate([calibration.probabilities(item.logits) for item in scores])


def _macro_f1(probabilities: NDArray[np.float64], samples: Sequence[Sample]) -> float:
    return measure(
        probabilities,
        np.zeros(len(samples)),
        types=[sample.type for sample in samples],
        intensities=[sample.intensity for sample in samples],
    ).macro_f1
