"""One stream of live audio on its way through the runner: samples in, windows' answers out in order."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from rebracket.errors import FieldError, InvalidRequest
from rebracket.inference.engine import Scores
from rebracket.inference.material import EncoderName, Material, Part
from rebracket.inference.predictor import Reader
from rebracket.inference.runner import Admit, Observe, Runner
from rebracket.inference.timing import Timing
from rebracket.messages import WindowRead
from rebracket.schemas import Prediction, Segment
from rebracket.segment.live.ear import Ear, Heard
from rebracket.segment.live.pcm import Samples
from rebracket.segment.text import Windows

UNREAD = 4
"""Windows that may wait for their turn; after them, audio waits."""

SLICE_S = 0.5
"""Seconds of audio that are heard without a pause for others."""

QUARTER = 0.25
"""Of a window, what is enough for the last one."""


@dataclass(frozen=True, slots=True)
class Voice:
    """Who reads for whom: how a stream's windows reach the runner."""

    runner: Runner
    reader: Reader
    caller: str
    admit: Admit
    observe: Observe


class Words:
    """What the windows of a stream are read with; scored once, however many windows there are."""

    def __init__(self, voice: Voice, text: str, windows: Windows) -> None:
        self.text = text
        self.windows = windows
        self.part = Part.of_words(windows)
        self._scoring: asyncio.Future[Scores] = asyncio.ensure_future(self._score(voice))

    async def _score(self, voice: Voice) -> Scores:
        material = Material({"words": self.part}, self.windows)
        reading = await voice.runner.score(
            voice.reader, material, caller=voice.caller, admit=voice.admit
        )
        return reading.scores["words"]

    @property
    def scored(self) -> bool:
        """Whether they are known, or that they never will be."""
        return self._scoring.done()

    async def scores(self) -> Scores:
        """The scores of the words."""
        return await asyncio.shield(self._scoring)

    def forget(self) -> None:
        """Nobody waits for them any more."""
        _abandon(self._scoring)


def _abandon(task: asyncio.Future[Any]) -> None:
    """Cancel a task, or take note of its failure, which asyncio reports otherwise."""
    if not task.cancel() and not task.cancelled():
        task.exception()


class Stream:
    """Live audio of one client.

    `hear`, `say`, `flush` and `end` come from the one side, in the order of the audio; `answers` goes
    to the other. Too many windows that wait hold up `hear`.
    """

    def __init__(self, ear: Ear, voice: Voice) -> None:
        self._ear = ear
        self._voice = voice
        self._words: Words | None = None
        self._said: list[Words] = []
        self._readings: asyncio.Queue[asyncio.Task[WindowRead] | None] = asyncio.Queue(UNREAD)
        self._tasks: set[asyncio.Task[WindowRead]] = set()
        self.read_to = ear.grid.end(ear.next - 1) if ear.next else ear.end
        """The position behind the last sample of the windows that are read or being read."""
        self.resume_at = ear.end
        """Where the first window begins that was not answered."""

    @property
    def heard_to(self) -> int:
        """The position behind the last sample heard."""
        return self._ear.end

    @property
    def is_behind(self) -> bool:
        """Whether windows wait: the audio came faster than it is read."""
        return not self._readings.empty()

    async def hear(self, samples: Samples) -> None:
        """Take samples [frames, channels] in; returns when others may come."""
        arrived = perf_counter()
        size = int(SLICE_S * self._ear.grid.rate)
        for at in range(0, len(samples), size):
            started = perf_counter()
            for heard in self._ear.hear(samples[at : at + size]):
                await self._put(heard, arrived, perf_counter() - started)
                started = perf_counter()
            if at + size < len(samples):
                await asyncio.sleep(0)

    def say(self, text: str) -> None:
        """Read windows that end from here on with these words; with none if they are empty.

        Raises:
            InvalidRequest: there are no readable words.
        """
        self._words = None
        if text:
            windows = self._voice.reader.encoder.encode(text, None)
            if windows is None:
                error = FieldError(loc=["text"], msg="No readable words", type="no_readable_words")
                raise InvalidRequest([error])
            self._words = Words(self._voice, text, windows)
            self._said = [*(words for words in self._said if not words.scored), self._words]

    async def flush(self) -> None:
        """Read the oldest window under way as far as it has come."""
        heard = self._ear.under_way()
        if heard is None:
            start = self._ear.grid.start(self._ear.next)
            end = max(start, self._ear.end)
            heard = Heard(self._ear.next, start, end, silent=True, windows=[])
        await self._put(heard, perf_counter(), 0.0, partial=True)

    async def end(self) -> None:
        """No more samples come; what no window held is read if it makes a quarter of one."""
        if self._ear.end > self.read_to:
            heard = self._ear.under_way()
            if heard and heard.end - heard.start >= QUARTER * self._ear.grid.window:
                await self._put(heard, perf_counter(), 0.0, final=True)
        await self._readings.put(None)

    async def _put(
        self,
        heard: Heard,
        arrived: float,
        decode_s: float,
        *,
        final: bool = False,
        partial: bool = False,
    ) -> None:
        """Have a window read."""
        if not partial:
            self.read_to = heard.end
        window = WindowRead(
            seq=heard.number,
            start_sample=heard.start,
            end_sample=heard.end,
            final=final,
            partial=partial,
            silent=heard.silent,
            prediction=None,
            lag_ms=0,
        )
        reading = asyncio.ensure_future(self._read(window, heard, self._words, decode_s, arrived))
        self._tasks.add(reading)
        await self._readings.put(reading)

    async def _read(
        self,
        window: WindowRead,
        heard: Heard,
        words: Words | None,
        decode_s: float,
        arrived: float,
    ) -> WindowRead:
        prediction = None
        if not heard.silent or words:
            prediction = await self._predict(heard, words, decode_s)
        lag_ms = (perf_counter() - arrived) * 1000
        return window.model_copy(update={"prediction": prediction, "lag_ms": lag_ms})

    async def _predict(self, heard: Heard, words: Words | None, decode_s: float) -> Prediction:
        voice = self._voice
        parts: dict[EncoderName, Part] = {"words": words.part} if words else {}
        scores: dict[EncoderName, Scores] = {"words": await words.scores()} if words else {}
        queue_s = compute_s = 0.0
        if not heard.silent:
            parts["sound"] = Part.of_music(heard.windows)
            reading = await voice.runner.score(
                voice.reader,
                Material({"sound": parts["sound"]}),
                caller=voice.caller,
                admit=voice.admit,
            )
            scores |= reading.scores
            queue_s, compute_s = reading.queue_s, reading.compute_s
        segment = Segment.model_construct(text=words.text if words else None)
        material = Material(parts, words.windows if words else None)
        timing = Timing(decode_s, queue_s, compute_s)
        prediction = voice.reader.answer(segment, material, scores, timing)
        voice.observe(segment, material, prediction, timing)
        return prediction

    async def answers(self) -> AsyncIterator[WindowRead]:
        """Each window when it was read, in order, until the audio has ended.

        Raises:
            RequestError: a window can't be read now; those from `resume_at` on are lost.
        """
        while (reading := await self._readings.get()) is not None:
            window = await reading
            self._tasks.discard(reading)
            yield window
            if not window.partial:
                self.resume_at = self._ear.grid.start(window.seq + 1)

    def close(self) -> None:
        """What was not read never will be."""
        for task in self._tasks:
            _abandon(task)
        for words in self._said:
            words.forget()
