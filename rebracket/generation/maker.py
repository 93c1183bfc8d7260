"""A request for a segment → the segment that is read as what was asked for."""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from rebracket.conditioning import Candidate, Conditioning, Generated, GeneratedSegment
from rebracket.errors import FieldError, InvalidRequest
from rebracket.generation.candidates import best, score
from rebracket.generation.compose import compose
from rebracket.generation.order import check_playable, fresh_seed, plan_of, primer_notes
from rebracket.generation.redraw import redraw
from rebracket.generation.studio import Studio, Wanted
from rebracket.generation.wording import write
from rebracket.inference.predictor import Reader
from rebracket.inference.runner import Admit, Runner, admit_all
from rebracket.schemas import Prediction, Segment
from rebracket.segment.audio import write_wav
from rebracket.segment.midi import write_midi
from rebracket.segment.notes import Notes
from rebracket.segment.synthesis import synthesised
from rebracket.segment.tokens import encode_all
from rebracket.segment.tokens.names import named

WORDING = 1 << 32
"""What sets the chances of words apart from those of notes."""


@dataclass(frozen=True, slots=True)
class Pick:
    """Candidates' files or words, how they were read, and which is nearest to what was asked."""

    segments: list[Segment]
    readings: list[Prediction]
    scores: list[float]

    @property
    def best(self) -> int:
        """The nearest one's index."""
        return best(self.scores)

    @property
    def segment(self) -> Segment:
        """The nearest one."""
        return self.segments[self.best]

    def described(self) -> list[Candidate]:
        """All of them, for the answer."""
        nearest = self.best
        return [
            Candidate(
                type=reading.type,
                intensity=reading.intensity,
                confidence=reading.confidence,
                score=found,
                chosen=index == nearest,
            )
            for index, (reading, found) in enumerate(zip(self.readings, self.scores, strict=True))
        ]


class Maker:
    """Makes segments with any version of a worker."""

    def __init__(self, studio: Studio, runner: Runner, *, guidance: float) -> None:
        self._studio = studio
        self._runner = runner
        self._guidance = guidance

    async def make(
        self,
        reader: Reader,
        asked: Conditioning,
        *,
        caller: Hashable = None,
        admit: Admit = admit_all,
    ) -> GeneratedSegment:
        """The best of the candidates; a task that is cancelled writes no more.

        Raises:
            InvalidRequest: the primer can't be used, or the version writes no notes.
            PayloadTooLarge: the primer holds more than is read.
            Unavailable: too much is being generated, or read.
        """
        started = perf_counter()
        seed = fresh_seed() if asked.seed is None else asked.seed
        written = await self._written(reader, asked, seed, caller, admit) if asked.has_notes else []
        of_notes = await self._pick(reader, asked, await _filed(written), caller)
        of_words = await self._pick(reader, asked, _worded(asked, seed), caller)
        midi = of_notes and of_notes.segment.midi
        text = of_words and of_words.segment.text
        notes = of_notes and written[of_notes.best]
        read = await self._runner.predict(reader, Segment(midi=midi, text=text), caller=caller)
        pick = of_notes or of_words
        assert pick is not None, "something is returned"
        return GeneratedSegment(
            segment=Generated(
                midi=midi if "midi" in asked.returned else None,
                text=text,
                audio=await _sounding(notes) if notes and "audio" in asked.returned else None,
            ),
            analysis=read,
            tokens=_tokens(notes) if notes and "tokens" in asked.returned else None,
            seed=seed,
            model=reader.ref,
            candidates=pick.described(),
            latency_ms=(perf_counter() - started) * 1000,
        )

    async def _written(
        self, reader: Reader, asked: Conditioning, seed: int, caller: Hashable, admit: Admit
    ) -> list[Notes]:
        """Candidates for the notes."""
        task = await asyncio.to_thread(self._task, reader, asked, seed)
        await admit(task.work)
        return await self._studio.do(task.work, task.run, caller=caller)

    def _task(self, reader: Reader, asked: Conditioning, seed: int) -> "Task":
        """What the studio is to do. Blocks."""
        if asked.is_redrawn:
            assert asked.primer is not None
            assert asked.primer.midi is not None
            notes = primer_notes(asked.primer.midi)
            if "audio" in asked.returned:
                check_playable(notes, "primer.midi")
            return Task(
                asked.candidates * len(notes),
                lambda wanted: redraw(
                    notes,
                    asked.mixture,
                    asked.intensity,
                    seed=seed,
                    pieces=asked.candidates,
                    wanted=wanted,
                ),
            )
        engine = reader.generator
        if engine is None:
            message = f"The model {reader.model.tag} writes no notes; text alone can be returned"
            error = FieldError(loc=["return"], msg=message, type="not_written_by_this_model")
            raise InvalidRequest([error])
        plan = plan_of(asked, seed=seed, guidance=self._guidance)
        return Task(plan.work, lambda wanted: compose(engine, plan, wanted=wanted))

    async def _pick(
        self, reader: Reader, asked: Conditioning, segments: list[Segment], caller: Hashable
    ) -> Pick | None:
        """How candidates are read: each alone, so that their order changes nothing. None of none."""
        if not segments:
            return None
        readings = await self._runner.predict_all(reader, segments, caller=caller)
        for item in readings:
            if isinstance(item, Exception):
                raise item
        found = [item for item in readings if isinstance(item, Prediction)]
        scores = [score(item, asked.mixture, asked.intensity) for item in found]
        return Pick(segments, found, scores)


@dataclass(frozen=True, slots=True)
class Task:
    """How to write candidates, and the tokens that this may take."""

    work: int
    run: Callable[[Wanted], list[Notes]]


async def _filed(pieces: Sequence[Notes]) -> list[Segment]:
    """Pieces as files."""
    files = await asyncio.to_thread(lambda: [write_midi(piece) for piece in pieces])
    return [Segment(midi=file) for file in files]


def _worded(asked: Conditioning, seed: int) -> list[Segment]:
    """Candidates for the words."""
    if "text" not in asked.returned:
        return []
    about = asked.primer.text if asked.primer else None
    return [
        Segment(
            text=write(
                asked.mixture,
                asked.intensity,
                np.random.default_rng((seed, WORDING, number)),
                about,
            )
        )
        for number in range(asked.candidates)
    ]


async def _sounding(notes: Notes) -> bytes:
    check_playable(notes, "the segment")
    return await asyncio.to_thread(lambda: write_wav(synthesised(notes)))


def _tokens(notes: Notes) -> list[str]:
    tokens, _ = encode_all(notes)
    return [named(token) for token in tokens]
