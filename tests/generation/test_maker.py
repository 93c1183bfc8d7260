"""A request becomes the candidate that is nearest to it, whole, or an error that says why not."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from rebracket.conditioning import Conditioning, GeneratedSegment, Primer
from rebracket.config import load_settings
from rebracket.errors import InvalidRequest, PayloadTooLarge, TooManyRequests
from rebracket.generation.maker import Maker
from rebracket.generation.studio import Studio
from rebracket.inference.lanes import lanes_of
from rebracket.inference.predictor import Predictor
from rebracket.inference.runner import Runner
from rebracket.schemas import Segment
from rebracket.segment.midi import read_midi
from tests.music_files import midi

T = TypeVar("T")


def with_maker(act: Callable[[Maker], Coroutine[Any, Any, T]]) -> T:
    deployment = load_settings().deployment

    async def run() -> T:
        studio = Studio(deployment.generation)
        runner = Runner(lanes_of(deployment), deployment.batching)
        try:
            return await act(Maker(studio, runner, guidance=1.0))
        finally:
            await studio.close()
            await runner.close()

    return asyncio.run(run())


def made(
    reader: Predictor, *, admit: Callable[[int], Awaitable[None]] | None = None, **asked: Any
) -> GeneratedSegment:
    given = {"type": "memory", "candidates": 2, "seed": 5, **asked}
    if not {"return", "primer"} & set(asked):
        given.setdefault("bars", 2)
    conditioning = Conditioning.model_validate(given)
    options = {"admit": admit} if admit else {}
    return with_maker(lambda maker: maker.make(reader, conditioning, **options))


def test_the_analysis_is_what_the_model_says_of_the_segment(predictor: Predictor) -> None:
    answer = made(predictor)
    again = predictor.predict(Segment(midi=answer.segment.midi, text=answer.segment.text))
    assert answer.analysis.model_copy(update={"latency_ms": 0.0}) == again.model_copy(
        update={"latency_ms": 0.0}
    )


def test_words_alone_need_no_notes(predictor: Predictor) -> None:
    words: dict[str, Any] = {"return": ["text"]}
    answer = made(replace(predictor, generator=None), **words)
    assert answer.segment.midi is None
    assert answer.segment.text
    assert answer.analysis.modalities == ["text"]


def test_notes_of_a_version_that_writes_none_are_refused(predictor: Predictor) -> None:
    with pytest.raises(InvalidRequest) as caught:
        made(replace(predictor, generator=None))
    assert caught.value.errors[0]["loc"] == ["return"]


def test_a_seed_is_drawn_and_told_where_none_is_given(predictor: Predictor) -> None:
    first, second = (made(predictor, seed=None, bars=1) for _ in range(2))
    assert first.seed != second.seed
    again = made(predictor, seed=first.seed, bars=1)
    assert again.segment == first.segment


def test_more_candidates_contain_the_fewer(predictor: Predictor) -> None:
    many = made(predictor, candidates=3).candidates
    assert len(many) == 3
    assert max(many, key=lambda item: item.score).chosen


def test_who_may_not_is_told_before_anything_is_written(predictor: Predictor) -> None:
    charged: list[int] = []

    async def refuse(work: int) -> None:
        charged.append(work)
        raise TooManyRequests("used up", retry_after_s=1)

    with pytest.raises(TooManyRequests):
        made(predictor, admit=refuse)
    assert charged
    assert charged[0] > 0


def test_a_primer_of_its_own_is_rebracketed(predictor: Predictor) -> None:
    primer = Primer(midi=midi(), use="rebracket")
    given = {"type": "spatial", "candidates": 3, "seed": 1, "primer": primer}
    asked = Conditioning.model_validate({**given, "return": ["midi"]})
    answer = with_maker(lambda maker: maker.make(predictor, asked))
    assert answer.segment.midi
    assert read_midi(answer.segment.midi).meters == read_midi(midi()).meters
    assert answer.analysis.type == "spatial"


@pytest.mark.parametrize("use", ["continue", "rebracket"])
def test_a_primer_that_is_no_file_of_music_is_named(predictor: Predictor, use: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        made(predictor, primer={"midi": b"MThd", "use": use})
    assert caught.value.errors[0]["loc"] == ["primer", "midi"]


def test_a_primer_with_too_much_in_it_is_too_large(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rebracket.segment.midi.read.MAX_NOTES", 1)
    with pytest.raises(PayloadTooLarge, match=r"primer\.midi"):
        made(predictor, primer={"midi": midi()})
