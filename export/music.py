"""The encoders of music: converted, verified alone and together with words, measured."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import combinations
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import torch
from torch import nn

from export.convert import SHAPES, convert
from export.report import MusicReport, Verification
from export.verify import TOLERANCE, run_torch
from rebracket.errors import ExportError
from rebracket.inference.calibration import Calibration
from rebracket.inference.engine import INPUTS, Engine
from rebracket.inference.fusion import pooled_intensity, pooled_probabilities
from rebracket.inference.material import EncoderName
from rebracket.registry import Artefact
from rebracket.segment.window import Steps, Window
from rebracket.training.bundle import Bundle

WINDOWS = (1, 2, 5)
STEPS = (1, 5, 63, 256, 501)
ROUNDS = 15


def export_music(bundle: Bundle, folder: Path) -> tuple[dict[EncoderName, Artefact], MusicReport]:
    """Write an ONNX file for each encoder of music that there is.

    They are served in full precision: a window takes 2 ms, so that 8 bits would save little.

    Raises:
        ExportError: an export failed or its outputs are not PyTorch's.
    """
    artefacts: dict[EncoderName, Artefact] = {}
    verified, latency = {}, {}
    for encoder, facts in bundle.music.items():
        model = bundle.music_model(encoder)
        path = folder / f"{encoder}.onnx"
        convert(model, path, encoder)
        engine = Engine(path, encoder=encoder)
        verified[encoder] = verify(model, engine, facts.calibration, encoder)
        latency[encoder] = _latency(model, engine, encoder)
        artefacts[encoder] = Artefact(file=path.name, calibration=facts.calibration)
    return artefacts, MusicReport(verification=verified, latency_ms=latency)


def grid(encoder: EncoderName) -> Iterator[Steps]:
    """Batches of every size and length; rows end at random places."""
    rng = np.random.default_rng(0)
    name, _ = INPUTS[encoder]
    tail = [dim for dim in SHAPES[encoder][name] if isinstance(dim, int)]
    for windows in WINDOWS:
        for steps in STEPS:
            features = rng.normal(size=(windows, steps, *tail)).astype(np.float32)
            ends = rng.integers(1, steps + 1, windows)
            ends[0] = steps
            mask = (np.arange(steps) < ends[:, None]).astype(np.float32)
            here = mask.reshape(*mask.shape, *[1] * len(tail))
            yield Steps(name, features * here, mask)


def verify(
    model: nn.Module, engine: Engine, calibration: Calibration, encoder: EncoderName
) -> Verification:
    """Compare over the grid.

    Raises:
        ExportError: a difference is over `TOLERANCE`, or not a number.
    """
    cases, probabilities, intensity = 0, 0.0, 0.0
    for batch in grid(encoder):
        wanted, found = run_torch(model, batch), engine.run(batch)
        cases += 1
        a, b = (calibration.probabilities(scores.logits) for scores in (wanted, found))
        probabilities = max(probabilities, float(np.abs(a - b).max()))
        intensity = max(intensity, float(np.abs(wanted.intensity - found.intensity).max()))
    return _within(
        Verification(cases=cases, probabilities=probabilities, intensity=intensity), encoder
    )


Pair = tuple[nn.Module, Engine, Calibration, Window]
"""A model in PyTorch and in ONNX, its calibration, and a window to read."""


def verify_subsets(encoders: Mapping[EncoderName, Pair]) -> dict[str, Verification]:
    """Compare what any subset of the encoders answers together.

    Raises:
        ExportError: a difference is over `TOLERANCE`, or not a number.
    """
    answers = {}
    for name, (model, engine, calibration, window) in encoders.items():
        answers[name] = [
            (
                calibration.probabilities(scores.logits)[0],
                calibration.intensity(float(scores.intensity[0]), window.work),
            )
            for scores in (run_torch(model, window), engine.run(window))
        ]
    checked = {}
    for count in range(1, len(answers) + 1):
        for names in combinations(answers, count):
            pooled = [
                (
                    pooled_probabilities([answers[name][side][0] for name in names]),
                    pooled_intensity([answers[name][side][1] for name in names]),
                )
                for side in (0, 1)
            ]
            (wanted, strong), (found, strength) = pooled
            subset = "+".join(names)
            checked[subset] = _within(
                Verification(
                    cases=1,
                    probabilities=float(np.abs(wanted - found).max()),
                    intensity=abs(strong - strength),
                ),
                subset,
            )
    return checked


def _within(found: Verification, what: str) -> Verification:
    if not (found.probabilities <= TOLERANCE and found.intensity <= TOLERANCE):
        raise ExportError(
            f"{what}: outputs differ from PyTorch's by {found.probabilities:.2e} (probabilities) "
            f"and {found.intensity:.2e} (intensity); {TOLERANCE:.0e} is allowed"
        )
    return found


def sample(encoder: EncoderName, steps: int) -> Steps:
    """A lone window of noise."""
    name, _ = INPUTS[encoder]
    tail = [dim for dim in SHAPES[encoder][name] if isinstance(dim, int)]
    features = np.random.default_rng(steps).normal(size=(steps, *tail))
    return Steps.of(name, features.astype(np.float32))


def _latency(model: nn.Module, engine: Engine, encoder: EncoderName) -> dict[str, dict[str, float]]:
    """Median milliseconds of one thread, by runtime and length; the runtimes take turns."""
    torch.set_num_threads(1)
    found: dict[str, dict[str, float]] = {"pytorch": {}, "onnx": {}}
    for steps in STEPS[2:]:
        window = sample(encoder, steps)
        runs: dict[str, Callable[[Window], object]] = {
            "pytorch": partial(run_torch, model),
            "onnx": engine.run,
        }
        times: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(ROUNDS):
            for name, run in runs.items():
                started = perf_counter()
                run(window)
                times[name].append((perf_counter() - started) * 1000)
        for name, values in times.items():
            found[name][str(steps)] = round(median(values), 3)
    return found
