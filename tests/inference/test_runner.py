"""Many callers, each with its own answer."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast

import pytest

from rebracket.config import Batching
from rebracket.errors import InvalidRequest, RequestError, Unavailable
from rebracket.inference.engine import Engine
from rebracket.inference.lanes import BatchLanes, ThreadLanes
from rebracket.inference.material import Material
from rebracket.inference.predictor import Predictor
from rebracket.inference.runner import Runner
from rebracket.inference.timing import Timing
from rebracket.schemas import Prediction, Segment
from rebracket.training.corpus import load_part
from tests.inference.doubles import EchoEngine, HeldEngine

DOOR = Segment(text="a door")
UNREADABLE = Segment(text="\u200b")


@asynccontextmanager
async def running(threads: int = 2, **limits: Any) -> AsyncIterator[Runner]:
    runner = Runner(ThreadLanes(threads), Batching.model_validate(limits))
    yield runner
    await runner.close()


def with_engine(predictor: Predictor, engine: EchoEngine) -> Predictor:
    return replace(predictor, engines={"words": cast("Engine", engine)})


@pytest.mark.parametrize("artefact", ["predictor", "full_predictor"])
def test_answers_reach_their_callers_and_equal_lone_ones(
    artefact: str, request: pytest.FixtureRequest
) -> None:
    predictor: Predictor = request.getfixturevalue(artefact)
    texts = [text.text for text in load_part("part1")[:40]]
    segments = [Segment(text=text, segment_id=str(index)) for index, text in enumerate(texts)]
    segments += [Segment(text=" ".join(texts[:20]), segment_id="long", lyrics=texts[3])]

    async def ask() -> list[Prediction]:
        async with running(3) as runner:
            return list(await asyncio.gather(*(runner.predict(predictor, s) for s in segments)))

    for segment, answer in zip(segments, asyncio.run(ask()), strict=True):
        alone = predictor.predict(segment)
        assert answer.segment_id == segment.segment_id
        assert answer.type == alone.type
        assert answer.probabilities == pytest.approx(alone.probabilities, abs=1e-5)
        assert answer.intensity == pytest.approx(alone.intensity, abs=1e-5)


def test_padded_batches_give_the_same_answers(full_predictor: Predictor) -> None:
    segments = [Segment(text=text.text) for text in load_part("part1")[:24]]

    async def ask() -> Sequence[Prediction | Exception]:
        runner = Runner(BatchLanes(1, max_batch_size=8), Batching())
        found = await runner.predict_all(full_predictor, segments)
        await runner.close()
        return found

    for segment, answer in zip(segments, asyncio.run(ask()), strict=True):
        assert isinstance(answer, Prediction)
        alone = full_predictor.predict(segment)
        assert answer.probabilities == pytest.approx(alone.probabilities, abs=1e-5)


def test_an_item_that_cannot_be_read_fails_alone(predictor: Predictor) -> None:
    async def ask() -> Sequence[Prediction | Exception]:
        async with running() as runner:
            return await runner.predict_all(predictor, [DOOR, UNREADABLE])

    found = asyncio.run(ask())
    assert isinstance(found[0], Prediction)
    assert isinstance(found[1], InvalidRequest)
    assert found[1].errors[0]["loc"] == ["segments", 1, "text"]


def test_much_text_is_read_by_several_threads_and_answered_in_order(predictor: Predictor) -> None:
    texts = [text.text for text in load_part("part1")[:30]]
    segments = [Segment(text=text, segment_id=str(index)) for index, text in enumerate(texts)]
    segments[17] = UNREADABLE

    async def ask() -> Sequence[Prediction | Exception]:
        async with running() as runner:
            return await runner.predict_all(predictor, segments)

    found = list(asyncio.run(ask()))
    failed = found.pop(17)
    assert isinstance(failed, InvalidRequest)
    assert failed.errors[0]["loc"] == ["segments", 17, "text"]
    others = [str(index) for index in range(30) if index != 17]
    assert [answer.segment_id for answer in found if isinstance(answer, Prediction)] == others


def test_an_engine_that_falls_over_fails_what_it_read_and_reads_on(predictor: Predictor) -> None:
    words = predictor.encode(DOOR).words
    assert words is not None
    broken = with_engine(predictor, EchoEngine(bad=frozenset({int(words.ids[0, 0])})))

    async def ask() -> Prediction:
        async with running() as runner:
            with pytest.raises(RuntimeError, match="fell over"):
                await runner.predict(broken, DOOR)
            found = await runner.predict_all(broken, [DOOR, UNREADABLE])
            assert [type(error) for error in found] == [RuntimeError, InvalidRequest]
            return await runner.predict(predictor, DOOR)

    assert asyncio.run(ask()).type == predictor.predict(DOOR).type


def test_what_had_not_begun_when_the_caller_hung_up_is_not_computed(predictor: Predictor) -> None:
    engine = HeldEngine()

    async def ask() -> None:
        async with running(1) as runner:
            held = with_engine(predictor, engine)
            single = [asyncio.ensure_future(runner.predict(held, DOOR)) for _ in range(20)]
            batch = asyncio.ensure_future(runner.predict_all(held, [DOOR] * 100))
            await asyncio.sleep(0.05)
            for call in (*single, batch):
                call.cancel()
            await asyncio.gather(*single, batch, return_exceptions=True)
            engine.release()

    asyncio.run(ask())
    assert len(engine.read) <= 1


def test_what_waits_too_long_to_begin_is_refused_and_not_computed(predictor: Predictor) -> None:
    engine = HeldEngine()

    async def ask() -> None:
        async with running(1, max_latency_ms=50) as runner:
            held = with_engine(predictor, engine)
            begun = [asyncio.ensure_future(runner.predict(held, DOOR)) for _ in range(2)]
            await asyncio.sleep(0)
            with pytest.raises(Unavailable):
                await runner.predict(held, DOOR)
            with pytest.raises(Unavailable):
                await runner.predict_all(held, [DOOR] * 5)
            engine.release()
            await asyncio.gather(*begun)

    asyncio.run(ask())
    assert len(engine.read) == 2


class Refused(RequestError):
    """Stands for a caller whose share is used up."""


def test_a_request_is_admitted_by_all_its_tokens_before_any_is_computed(
    predictor: Predictor,
) -> None:
    engine, asked = EchoEngine(), []

    async def refuse(tokens: int) -> None:
        asked.append(tokens)
        raise Refused("used up")

    async def ask() -> None:
        async with running() as runner:
            watched = with_engine(predictor, engine)
            with pytest.raises(Refused):
                await runner.predict(watched, DOOR, admit=refuse)
            with pytest.raises(Refused):
                await runner.predict_all(watched, [DOOR, UNREADABLE, DOOR], admit=refuse)

    asyncio.run(ask())
    assert asked == [4, 8]
    assert engine.read == []


def test_where_the_time_went_is_told_of_each_segment(predictor: Predictor) -> None:
    told: list[tuple[Segment, int, Timing]] = []

    def observe(segment: Segment, material: Material, _: Prediction, timing: Timing) -> None:
        told.append((segment, material.work, timing))

    async def ask() -> None:
        async with running() as runner:
            await runner.predict_all(predictor, [DOOR, UNREADABLE, DOOR], observe=observe)

    asyncio.run(ask())
    assert [(segment, tokens) for segment, tokens, _ in told] == [(DOOR, 4), (DOOR, 4)]
    for *_, timing in told:
        assert timing.compute_s > 0
        assert timing.queue_s >= 0
        assert timing.decode_s > 0
