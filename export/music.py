"""The encoders of music: converted, verified alone and together with words, measured."""

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import combinations
from pathlib import Path

import numpy as np
from torch import nn

from export.attention import fuse_attention
from export.bench import Run, latencies
from export.convert import convert, step_shape
from export.report import MusicReport, Verification
from export.verify import run_torch, verify, within
from rebracket.inference.calibration import Calibration
from rebracket.inference.engine import Engine
from rebracket.inference.fusion import pooled_intensity, pooled_probabilities
from rebracket.inference.material import EncoderName
from rebracket.registry import Artefact
from rebracket.segment.window import Steps, Window
from rebracket.training.bundle import Bundle

WINDOWS = (1, 2, 5)
TIMED = (63, 256, 501)
STEPS = (1, 5, *TIMED)


Pair = tuple[nn.Module, Engine, Calibration, Window]
"""A model in PyTorch and in ONNX, its calibration, and a window to read."""


def export_music(
    bundle: Bundle, folder: Path, words: Pair
) -> tuple[dict[EncoderName, Artefact], MusicReport]:
    """Write an ONNX file for each encoder of music that there is.

    They are served in full precision: a window takes 2 ms, so that 8 bits would save little.

    Raises:
        ExportError: an export failed or its outputs, alone or beside words, are not PyTorch's.
    """
    artefacts: dict[EncoderName, Artefact] = {}
    pairs: dict[EncoderName, Pair] = {"words": words}
    verified, latency = {}, {}
    for encoder, facts in bundle.music.items():
        model = bundle.music_model(encoder)
        path = folder / f"{encoder}.onnx"
        convert(model, path, encoder)
        fuse_attention(path, path)
        engine = Engine(path, encoder=encoder)
        verified[encoder] = verify(model, engine, facts.calibration, grid(encoder), of=encoder)
        runs: dict[str, Run] = {"pytorch": partial(run_torch, model), "onnx": engine.run}
        latency[encoder] = latencies(runs, {steps: sample(encoder, steps) for steps in TIMED})
        artefacts[encoder] = Artefact(file=path.name, calibration=facts.calibration)
        pairs[encoder] = (model, engine, facts.calibration, sample(encoder, TIMED[0]))
    report = MusicReport(verification=verified, subsets=verify_subsets(pairs), latency_ms=latency)
    return artefacts, report


def grid(encoder: EncoderName) -> Iterator[Steps]:
    """Batches of every size and length; rows end at random places."""
    rng = np.random.default_rng(0)
    name, tail = step_shape(encoder)
    for windows in WINDOWS:
        for steps in STEPS:
            features = rng.normal(size=(windows, steps, *tail)).astype(np.float32)
            ends = rng.integers(1, steps + 1, windows)
            ends[0] = steps
            mask = (np.arange(steps) < ends[:, None]).astype(np.float32)
            here = mask.reshape(*mask.shape, *[1] * len(tail))
            yield Steps(name, features * here, mask)


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
            checked[subset] = within(
                Verification(
                    cases=1,
                    probabilities=float(np.abs(wanted - found).max()),
                    intensity=abs(strong - strength),
                ),
                of=subset,
            )
    return checked


def sample(encoder: EncoderName, steps: int) -> Steps:
    """A lone window of noise."""
    name, tail = step_shape(encoder)
    features = np.random.default_rng(steps).normal(size=(steps, *tail))
    return Steps.of(name, features.astype(np.float32))
