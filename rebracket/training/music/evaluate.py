"""Fresh test sets from held-out collections, read through the code that serves."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal, TypeVar

import numpy as np
from numpy.random import Generator

from rebracket.inference.predictor import Predictor
from rebracket.schemas import Segment
from rebracket.segment.audio import write_wav
from rebracket.segment.midi import write_midi
from rebracket.segment.operations import notes as on_notes
from rebracket.segment.operations import sound as on_sound
from rebracket.segment.operations.operation import Operation
from rebracket.taxonomy import TYPES, RebracketingType
from rebracket.training.corpus import split_corpus
from rebracket.training.music.lessons import (
    FAINTEST,
    PLAIN_SHARE,
    Repertoire,
    seeded,
    sound_lesson,
)
from rebracket.training.music.metrics import MusicMetrics, measure_music, type_of

M = TypeVar("M")
Heard = Literal["midi", "audio", "fused"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A segment with its answer: no type where nothing was done, or no single one."""

    segment: Segment
    type: RebracketingType | None
    intensity: float


def asked(heard: Heard, count: int, seed: int, *, unseen: bool = False) -> Iterator[Asked]:
    """So many segments of a seed.

    Args:
        heard: which modalities they have; of `fused` ones two or three of words, MIDI and audio.
        count: how many.
        seed: decides everything.
        unseen: audio by the synthesizer that no encoder was trained on.

    Raises:
        CorpusError: FluidSynth or a SoundFont, which audio needs, is not installed.
    """
    repertoire = Repertoire.of("test")
    if heard == "fused":
        yield from _fused(repertoire, count, seed, unseen=unseen)
        return
    for number in range(count):
        if heard == "midi":
            notes = repertoire.notes_lesson(seed, number)
            segment = Segment(midi=write_midi(notes.material))
            yield Asked(segment, type_of(notes.kind), notes.intensity)
        else:
            take = repertoire.take(seed, number, unseen=unseen)
            sound = sound_lesson(take, seed, number, 0)
            segment = Segment(audio=write_wav(sound.material))
            yield Asked(segment, type_of(sound.kind), sound.intensity)


def _fused(repertoire: Repertoire, count: int, seed: int, *, unseen: bool) -> Iterator[Asked]:
    """Two or three of words, notes and sound of one type, each as strong as it is; or plain music."""
    texts = split_corpus().test
    for number in range(count):
        rng = seeded(seed, number, 1)
        kind = None if rng.random() < PLAIN_SHARE else TYPES[int(rng.integers(len(TYPES)))]
        fields: dict[str, str | bytes] = {}
        strengths = []
        words, notes, sound = _which(rng, words=kind is not None)
        if words:
            alike = [text for text in texts if text.majority == kind]
            text = alike[int(rng.integers(len(alike)))]
            fields["text"] = text.text
            strengths.append(text.mean_intensity)
        if notes:
            played, intensity = _done(repertoire.performance(rng), on_notes.OPERATIONS, kind, rng)
            fields["midi"] = write_midi(played)
            strengths.append(intensity)
        if sound:
            take = repertoire.take(seed, number, unseen=unseen)
            heard, intensity = _done(take, on_sound.OPERATIONS, kind, rng)
            fields["audio"] = write_wav(heard)
            strengths.append(intensity)
        yield Asked(Segment.model_validate(fields), kind, fmean(strengths))


def _which(rng: Generator, *, words: bool) -> tuple[bool, bool, bool]:
    """Which modalities a segment has: two or three, or both kinds of music where there are no words."""
    if not words:
        return False, True, True
    missing = int(rng.integers(4))
    return missing != 0, missing != 1, missing != 2  # noqa: PLR2004 - of three


def _done(
    material: M, operations: Sequence[Operation[M]], kind: RebracketingType | None, rng: Generator
) -> tuple[M, float]:
    """Material after one of a type's operations, and how strong that was."""
    if kind is None:
        return material, 0.0
    intensity = float(rng.uniform(FAINTEST, 1))
    alike = [operation for operation in operations if operation.type == kind]
    return alike[int(rng.integers(len(alike)))].apply(material, intensity, rng), intensity


def evaluate_music(
    predictor: Predictor,
    questions: Iterator[Asked],
    *,
    advance: Callable[[], None] = lambda: None,
) -> MusicMetrics:
    """Measure a served model on segments with known answers."""
    probabilities, intensity, answers = [], [], []
    for question in questions:
        found = predictor.predict(question.segment)
        probabilities.append(list(found.probabilities.values()))
        intensity.append(found.intensity)
        answers.append((question.type, question.intensity))
        advance()
    return measure_music(
        np.array(probabilities),
        np.array(intensity),
        types=[kind for kind, _ in answers],
        intensities=[strength for _, strength in answers],
    )
