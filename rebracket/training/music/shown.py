"""Lessons → what an encoder is shown, made by all cores."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import TypeVar

import numpy as np

from rebracket.config import available_cores
from rebracket.inference.material import Part
from rebracket.segment import events, mel
from rebracket.segment.window import MusicWindow
from rebracket.training.music.fit import Shown
from rebracket.training.music.lessons import Lesson, Repertoire, sound_lesson
from rebracket.training.music.recipe import MusicEncoder

T = TypeVar("T")
LESSON_SEEDS = 10
"""How far the seeds of lessons in sound lie from those of their takes."""

CHUNK = 50


def parts(
    encoder: MusicEncoder,
    repertoire: Repertoire,
    seed: int,
    count: int,
    a_take: int = 1,
    *,
    unseen: bool = False,
) -> Iterator[Lesson[Part]]:
    """The lessons of a seed as an encoder reads them, in order.

    Raises:
        CorpusError: FluidSynth or a SoundFont, which sound needs, is not installed.
    """
    make: Callable[[int], list[Lesson[Part]]]
    if encoder == "notes":
        make = partial(_notes, repertoire, seed)
    else:
        make = partial(_sound, repertoire, seed, a_take, unseen)
    for found in _by_all_cores(make, range(count)):
        yield from found


def shown(lessons: Iterable[Lesson[Part]]) -> list[Shown]:
    """Each window of each lesson."""
    return [
        Shown(window.features().astype(np.float16), item.kind, item.intensity, number)
        for number, item in enumerate(lessons)
        for window in item.material.windows
        if isinstance(window, MusicWindow)
    ]


def _notes(repertoire: Repertoire, seed: int, number: int) -> list[Lesson[Part]]:
    made = repertoire.notes_lesson(seed, number)
    return [Lesson(Part.of_music(events.windows(made.material)), made.kind, made.intensity)]


def _sound(
    repertoire: Repertoire, seed: int, a_take: int, unseen: bool, number: int
) -> list[Lesson[Part]]:
    take = repertoire.take(seed, number, unseen=unseen)
    made = (sound_lesson(take, seed + LESSON_SEEDS, number, index) for index in range(a_take))
    return [Lesson(Part.of_music(mel.windows(m.material)), m.kind, m.intensity) for m in made]


def _by_all_cores(make: Callable[[int], T], numbers: Iterable[int]) -> Iterator[T]:
    with ProcessPoolExecutor(available_cores()) as pool:
        yield from pool.map(make, numbers, chunksize=CHUNK)
