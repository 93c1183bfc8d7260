"""An encoder of music from its recipe: lessons, fit, calibration, measurement."""

from collections.abc import Callable
from importlib.metadata import version

import torch
from torch import Tensor

from rebracket.models.music import READERS, MusicReader
from rebracket.models.notes import NotesReader
from rebracket.models.precision import rounded
from rebracket.training.music.facts import (
    MusicFacts,
    answers,
    calibrated,
    collections_used,
    measured,
)
from rebracket.training.music.fit import Progress, fit
from rebracket.training.music.lessons import Repertoire
from rebracket.training.music.recipe import MusicRecipe
from rebracket.training.music.shown import parts, shown

SAMPLES = 2000
"""Windows whose features' means and spreads the encoder of notes is given."""

TILT = 0.35
SHIFT = 0.15


def train_music(
    recipe: MusicRecipe, *, progress: Progress, step: Callable[[str], None]
) -> tuple[MusicReader, MusicFacts]:
    """Train, calibrate and measure an encoder; the same recipe gives the same.

    Raises:
        CorpusError: FluidSynth or a SoundFont, which sound needs, is not installed.
    """
    step("making lessons")
    torch.manual_seed(recipe.seed)
    model = READERS[recipe.encoder]()
    lessons = parts(
        recipe.encoder, Repertoire.of("train"), recipe.seed, recipe.lessons, recipe.lessons_a_take
    )
    windows = shown(lessons)
    if isinstance(model, NotesReader):
        model.standardize([item.features for item in windows[:SAMPLES]])
    step("fitting")
    vary = varied_sound if recipe.encoder == "sound" else unvaried
    fit(model, windows, recipe, progress=progress, vary=vary)
    rounded(model)
    return model, find_facts(model, recipe, step=step)


def find_facts(
    model: MusicReader, recipe: MusicRecipe, *, step: Callable[[str], None]
) -> MusicFacts:
    """Calibrate a trained encoder on the validation collections, then measure it on the test ones."""
    step("calibrating")
    validation = parts(
        recipe.encoder,
        Repertoire.of("validation"),
        recipe.seed + 1,
        recipe.validation_lessons,
        recipe.lessons_a_take,
    )
    raw, truth = answers(model, validation)
    calibration = calibrated(raw, truth)
    step("measuring")
    test = Repertoire.of("test")
    tests = {}
    for name, unseen in (("collections", False), ("synthesizer", True)):
        if unseen and recipe.encoder == "notes":
            continue
        lessons = parts(recipe.encoder, test, recipe.seed + 2, recipe.test_lessons, unseen=unseen)
        tests[name] = measured(*answers(model, lessons), calibration)
    return MusicFacts(
        source=f"music21 {version('music21')}",
        collections=collections_used(),
        recipe=recipe,
        calibration=calibration,
        validation=measured(raw, truth, calibration),
        tests=tests,
    )


def unvaried(features: Tensor, _: torch.Generator) -> Tensor:
    """As they are."""
    return features


def varied_sound(planes: Tensor, chance: torch.Generator) -> Tensor:
    """Other instruments and microphones: the middle's bands louder and softer along smooth curves.

    `planes` [windows, frames, PLANES, BANDS].
    """
    count, _, _, bands = planes.shape
    place = torch.linspace(-1, 1, bands)
    bends = torch.randn(count, 3, generator=chance) * torch.tensor([TILT, TILT / 2, TILT / 3])
    curves = bends @ torch.stack([place, place**2 - 1 / 3, place**3 - 0.6 * place])
    level = torch.randn(count, 1, generator=chance) * SHIFT
    varied = planes.clone()
    varied[:, :, 0] += (curves + level)[:, None]
    return varied
