"""What is known of a trained encoder of music."""

from collections.abc import Iterable

import numpy as np
import torch
from pydantic import Field

from rebracket import __version__
from rebracket.inference.calibration import Calibration
from rebracket.inference.engine import Scores, pooled
from rebracket.inference.material import Part
from rebracket.models.music import MusicReader
from rebracket.registry import now
from rebracket.segment.window import Window
from rebracket.training.calibrate import fit_strength, fit_temperature
from rebracket.training.corpus import Record
from rebracket.training.music.collections import COLLECTIONS, Use
from rebracket.training.music.lessons import Lesson
from rebracket.training.music.metrics import MusicMetrics, measure_music, type_of
from rebracket.training.music.recipe import MusicRecipe
from rebracket.training.score import Raw


class LearnedFromPieces(Record):
    """What is known of anything that learned from pieces of music."""

    created: str = Field(default_factory=now)
    code_version: str = __version__
    source: str
    """Where the pieces come from."""
    collections: dict[Use, list[str]]


class MusicFacts(LearnedFromPieces):
    """Stored beside the weights as `notes.json` or `sound.json`."""

    recipe: MusicRecipe
    calibration: Calibration
    validation: MusicMetrics
    tests: dict[str, MusicMetrics]
    """By what was kept apart: collections, and for sound a synthesizer too."""


def collections_used() -> dict[Use, list[str]]:
    """Their names by use."""
    found: dict[Use, list[str]] = {}
    for collection in COLLECTIONS:
        found.setdefault(collection.use, []).append(collection.name)
    return found


def answers(model: MusicReader, lessons: Iterable[Lesson[Part]]) -> tuple[Raw, list[Lesson[None]]]:
    """What a model says of lessons, and what is true."""
    logits, intensity, work, truth = [], [], [], []
    for item in lessons:
        scores = pooled(item.material.weights, [_read(model, w) for w in item.material.windows])
        logits.append(scores.logits[0])
        intensity.append(scores.intensity[0])
        work.append(item.material.work)
        truth.append(Lesson(None, item.kind, item.intensity))
    raw = Raw(
        np.array(logits, dtype=np.float64), np.array(intensity, dtype=np.float64), np.array(work)
    )
    return raw, truth


@torch.no_grad()
def _read(model: MusicReader, window: Window) -> Scores:
    feeds = window.feeds()
    logits, intensity = model(*(torch.from_numpy(array) for array in feeds.values()))
    return Scores(logits=logits.numpy(), intensity=intensity.numpy())


def calibrated(raw: Raw, truth: list[Lesson[None]]) -> Calibration:
    """A temperature from what is rebracketed, and the intensity's slope and offset from everything."""
    done = [index for index, item in enumerate(truth) if type_of(item.kind) is not None]
    kinds = [kind for item in truth if (kind := type_of(item.kind)) is not None]
    alike = np.ones_like(raw.tokens)  # how long music is says nothing of what was done to it
    return Calibration(
        temperature=fit_temperature(raw.logits[done], kinds),
        strength=fit_strength(raw.intensity, alike, [item.intensity for item in truth]),
    )


def measured(raw: Raw, truth: list[Lesson[None]], calibration: Calibration) -> MusicMetrics:
    """Calibrated answers beside the truth."""
    return measure_music(
        calibration.probabilities(raw.logits),
        calibration.intensities(raw.intensity, raw.tokens),
        types=[type_of(item.kind) for item in truth],
        intensities=[item.intensity for item in truth],
    )
