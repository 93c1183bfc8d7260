"""Many callers, each with its own answer."""

import asyncio

import pytest

from rebracket.errors import InvalidRequest, RequestError
from rebracket.inference.predictor import Predictor
from rebracket.inference.runner import Runner
from rebracket.schemas import Prediction, Segment
from rebracket.training.corpus import load_part


async def answers(
    runner: Runner, predictor: Predictor, segments: list[Segment]
) -> list[Prediction]:
    return list(await asyncio.gather(*(runner.predict(predictor, segment) for segment in segments)))


@pytest.mark.parametrize("artefact", ["predictor", "full_predictor"])
def test_answers_reach_their_callers_and_equal_lone_ones(
    artefact: str, request: pytest.FixtureRequest
) -> None:
    predictor: Predictor = request.getfixturevalue(artefact)
    segments = [
        Segment(text=text.text, segment_id=str(index))
        for index, text in enumerate(load_part("part1")[:60])
    ]
    runner = Runner(parallel_runs=3)
    together = asyncio.run(answers(runner, predictor, segments))
    runner.close()
    for segment, answer in zip(segments, together, strict=True):
        alone = predictor.predict(segment)
        assert answer.segment_id == segment.segment_id
        assert answer.type == alone.type
        assert answer.probabilities == pytest.approx(alone.probabilities, abs=1e-5)
        assert answer.intensity == pytest.approx(alone.intensity, abs=1e-5)


def test_an_item_that_cannot_be_read_fails_alone(predictor: Predictor) -> None:
    runner = Runner(parallel_runs=2)
    found = asyncio.run(
        runner.predict_all(predictor, [Segment(text="a door"), Segment(text="\u200b")])
    )
    runner.close()
    assert isinstance(found[0], Prediction)
    assert isinstance(found[1], InvalidRequest)
    assert found[1].errors[0]["loc"] == ["segments", 1, "text"]


def test_work_that_no_thread_began_is_dropped_with_its_caller(predictor: Predictor) -> None:
    async def hang_up() -> int:
        runner = Runner(parallel_runs=1)
        segments = [Segment(text=text.text) for text in load_part("part2")[:200]]
        calls = [asyncio.ensure_future(runner.predict(predictor, segment)) for segment in segments]
        await calls[0]
        for call in calls:
            call.cancel()
        done = await asyncio.gather(*calls, return_exceptions=True)
        runner.close()
        return sum(isinstance(answer, Prediction) for answer in done)

    assert asyncio.run(hang_up()) < 100


class Refused(RequestError):
    """Stands for a caller whose share is used up."""


def test_one_segment_is_admitted_by_its_tokens_before_it_is_computed(predictor: Predictor) -> None:
    asked: list[int] = []

    def refuse(tokens: int) -> None:
        asked.append(tokens)
        raise Refused("used up")

    runner = Runner(parallel_runs=1)
    with pytest.raises(Refused):
        asyncio.run(runner.predict(predictor, Segment(text="a door"), admit=refuse))
    runner.close()
    assert asked == [4]


def test_a_batch_is_admitted_as_one(predictor: Predictor) -> None:
    asked: list[int] = []
    segments = [Segment(text="a door"), Segment(text="\u200b"), Segment(lyrics="a street")]
    runner = Runner(parallel_runs=2)
    found = asyncio.run(runner.predict_all(predictor, segments, admit=asked.append))
    runner.close()
    assert asked == [8]
    assert [isinstance(answer, Prediction) for answer in found] == [True, False, True]


def test_a_batch_that_is_refused_is_refused_whole(predictor: Predictor) -> None:
    def refuse(_: int) -> None:
        raise Refused("used up")

    runner = Runner(parallel_runs=2)
    with pytest.raises(Refused):
        asyncio.run(runner.predict_all(predictor, [Segment(text="a door")] * 3, admit=refuse))
    runner.close()
