"""Runs are of one engine and near-equal lengths; a bad unit fails alone."""

import asyncio

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rebracket.inference.engine import Scores
from rebracket.inference.fairness import FairQueue
from rebracket.inference.jobs import Job, Request, Unit
from rebracket.inference.lanes import NEAR, BatchLanes, NotWanted, batches, run
from rebracket.inference.predictor import Predictor
from rebracket.schemas import Segment
from rebracket.training.corpus import load_part
from tests.inference.doubles import EchoEngine, job, mark_of, windows


async def made(lengths: list[int], engines: list[EchoEngine]) -> list[Unit]:
    units = []
    for index, length in enumerate(lengths):
        engine = engines[index % len(engines)]
        units += job(Request("me"), engine, windows(index, length=length)).units()
    return units


@given(st.lists(st.integers(2, 256), max_size=80), st.integers(1, 9), st.integers(1, 2))
def test_batches_hold_every_unit_once_and_keep_to_their_bounds(
    lengths: list[int], most: int, engines: int
) -> None:
    units = asyncio.run(made(lengths, [EchoEngine() for _ in range(engines)]))
    found = list(batches(units, most))
    assert sorted(map(id, units)) == sorted(id(unit) for batch in found for unit in batch)
    for batch in found:
        assert 1 <= len(batch) <= most
        assert len({id(unit.engine) for unit in batch}) == 1
        assert max(unit.work for unit in batch) <= NEAR * min(unit.work for unit in batch)


def test_the_largest_batch_is_never_exceeded_whatever_waits() -> None:
    async def take() -> list[int]:
        queue: FairQueue[Unit] = FairQueue()
        lanes = BatchLanes(1, max_batch_size=5)
        for unit in await made([8] * 43, [EchoEngine()]):
            queue.put("me", 0, unit, unit.work)
        sizes = []
        while batch := lanes.next_run(queue):
            sizes.append(len(batch))
        await lanes.close()
        return sizes

    sizes = asyncio.run(take())
    assert sum(sizes) == 43
    assert max(sizes) == 5


def test_a_bad_unit_fails_alone() -> None:
    units = asyncio.run(made([8] * 4, [EchoEngine(bad=frozenset({2}))]))
    found = run(units)
    assert [isinstance(outcome, RuntimeError) for outcome in found] == [False, False, True, False]
    assert [mark_of(o) for o in found if isinstance(o, Scores)] == [0, 1, 3]


def test_what_nobody_waits_for_is_not_computed() -> None:
    async def cancelled() -> tuple[list[object], list[int]]:
        engine = EchoEngine()
        units = await made([8] * 3, [engine])
        units[1].job.answer.cancel()
        return list(run(units)), engine.read

    found, read = asyncio.run(cancelled())
    assert isinstance(found[1], NotWanted)
    assert read == [0, 2]


def test_padded_batches_answer_as_lone_windows_do(full_predictor: Predictor) -> None:
    async def both() -> list[tuple[Scores, Scores]]:
        texts = [text.text for text in load_part("part3")[:12]]
        jobs = [
            Job(Request("me"), full_predictor.engines, full_predictor.encode(Segment(text=text)))
            for text in texts
        ]
        together = run([unit for job in jobs for unit in job.units()])
        engine = full_predictor.engines["words"]
        alone = [engine.read(job.material.parts["words"]) for job in jobs]
        return [(a, b) for a, b in zip(together, alone, strict=True) if isinstance(a, Scores)]

    pairs = asyncio.run(both())
    assert len(pairs) == 12
    for a, b in pairs:
        assert np.abs(a.logits - b.logits).max() < 1e-4
