"""Engines that answer at once, or when a test lets them."""

import threading
from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from rebracket.inference.engine import Scores
from rebracket.inference.jobs import Job, Reading, Request
from rebracket.inference.material import Material, Part
from rebracket.segment.text import Windows


def windows(*marks: int, length: int = 4) -> Windows:
    """One segment with a window for each mark; its scores tell the mark."""
    ids = np.array([[mark] * length for mark in marks], dtype=np.int64)
    count = len(marks)
    return Windows(
        ids=ids,
        mask=np.ones_like(ids),
        fields=np.zeros(count, dtype=np.int64),
        pool=np.full((1, count), 1 / count, dtype=np.float32),
    )


def mark_of(scores: Scores) -> float:
    return float(scores.logits[0, 0])


class EchoEngine:
    """Answers each window with its mark; windows of `bad` marks make it fail."""

    def __init__(self, bad: frozenset[int] = frozenset()) -> None:
        self.bad = bad
        self.runs: list[list[int]] = []

    def run(self, read: Windows) -> Scores:
        marks = [int(mark) for mark in read.ids[:, 0]]
        self.runs.append(marks)
        if self.bad & set(marks):
            raise RuntimeError("the engine fell over")
        logits = np.repeat(np.array(marks, dtype=np.float32)[:, None], 8, axis=1)
        return Scores(logits=logits, intensity=np.full(len(marks), 0.5, dtype=np.float32))

    @property
    def read(self) -> list[int]:
        """Every mark that was computed, in order."""
        return [mark for marks in self.runs for mark in marks]


class HeldEngine(EchoEngine):
    """Waits in each run until `release` was called."""

    def __init__(self) -> None:
        super().__init__()
        self._gate = threading.Event()

    def release(self) -> None:
        self._gate.set()

    def run(self, read: Windows) -> Scores:
        assert self._gate.wait(30)
        return super().run(read)


@dataclass(frozen=True)
class Made:
    """Builds jobs for one engine."""

    engine: EchoEngine

    def job(self, request: Request, *marks: int, length: int = 4) -> Job:
        return job(request, self.engine, windows(*marks, length=length))


def job(request: Request, engine: Hashable, read: Windows) -> Job:
    """One segment of words."""
    return Job(request, {"words": engine}, Material({"words": Part.of_words(read)}, read))


def words(reading: Reading) -> Scores:
    """What the encoder of words said."""
    return reading.scores["words"]
