"""Pieces keep to the plan, whatever is drawn."""

from dataclasses import replace

import numpy as np
import pytest

from rebracket.generation.compose import Abandoned, Plan, compose
from rebracket.generation.sampling import Sampling
from rebracket.inference.generator import GeneratorEngine
from rebracket.inference.predictor import Predictor
from rebracket.notation import METERS
from rebracket.segment.midi import read_midi, write_midi
from rebracket.segment.tokens import encode
from rebracket.segment.tokens.condition import condition
from rebracket.segment.tokens.vocabulary import BAR, TICKS
from rebracket.taxonomy import RebracketingType


@pytest.fixture
def engine(predictor: Predictor) -> GeneratorEngine:
    assert predictor.generator is not None
    return predictor.generator


def plan(meter: tuple[int, int] = (4, 4), **changes: object) -> Plan:
    asked = condition(meter, mixture={RebracketingType.MEMORY: 1.0}, intensity=0.7, key=0)
    first = Plan(seed=1, pieces=2, bars=2, meter=meter, condition=asked, tempo=90.0)
    return replace(first, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("meter", METERS)
def test_pieces_have_the_bars_meter_and_tempo_that_were_asked_for(
    engine: GeneratorEngine, meter: tuple[int, int]
) -> None:
    for piece in compose(engine, plan(meter, bars=3)):
        assert piece.length == 3 * meter[0] * 4 / meter[1]
        assert piece.meters == ((0.0, *meter),)
        assert piece.tempos == ((0.0, 90.0),)
        assert len(piece) > 0
        assert (piece.onset + piece.duration <= piece.length + 1e-9).all()


@pytest.mark.parametrize("temperature", [0.0, 1.0, 2.0])
def test_files_are_read_back_as_they_were_written(
    engine: GeneratorEngine, temperature: float
) -> None:
    for piece in compose(engine, plan(sampling=Sampling(temperature))):
        again = read_midi(write_midi(piece))
        assert len(again) == len(piece)
        assert again.length == piece.length
        assert sorted(again.pitch.tolist()) == sorted(piece.pitch.tolist())


def test_the_same_plan_gives_the_same_pieces_and_another_seed_others(
    engine: GeneratorEngine,
) -> None:
    one, other = ([write_midi(piece) for piece in compose(engine, plan())] for _ in range(2))
    assert one == other
    assert one[0] != one[1]
    assert [write_midi(piece) for piece in compose(engine, plan(seed=2))] != one


def test_the_first_voice_plays_the_program_that_was_asked_for(engine: GeneratorEngine) -> None:
    for piece in compose(engine, plan(program=73, pieces=4)):
        first = int(np.argmin(piece.onset // 4 * 100 + piece.track))
        assert int(piece.program[first]) == 73


def test_more_pieces_than_are_written_side_by_side_are_all_written(
    engine: GeneratorEngine,
) -> None:
    assert len(compose(engine, plan(pieces=9, bars=1))) == 9


def test_an_opening_is_gone_on_from_and_left_out(engine: GeneratorEngine) -> None:
    (opening,) = compose(engine, plan(pieces=1))
    tokens, _ = encode(opening, 2, 4 * TICKS)
    begun = plan(opening=(*tokens[:-1], BAR), opening_bars=2, bars=3)
    for piece in compose(engine, begun):
        assert piece.length == 12.0
        assert len(piece) > 0
        assert piece.onset.min() >= 0


def test_guidance_is_felt(engine: GeneratorEngine) -> None:
    plain, guided = (compose(engine, plan(guidance=amount)) for amount in (1.0, 2.0))
    assert [write_midi(piece) for piece in plain] != [write_midi(piece) for piece in guided]


def test_nothing_more_is_written_for_who_has_left(engine: GeneratorEngine) -> None:
    asked = iter([True, True, False])
    with pytest.raises(Abandoned):
        compose(engine, plan(), wanted=lambda: next(asked))
