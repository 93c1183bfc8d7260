"""What was asked for becomes a plan, and a primer the opening that the plan goes on from."""

from dataclasses import replace

import numpy as np
import pytest

from rebracket.conditioning import Conditioning
from rebracket.errors import InvalidRequest, PayloadTooLarge
from rebracket.generation.compose import Plan
from rebracket.generation.order import (
    MOST_OPENING,
    MOST_OPENING_BARS,
    Opening,
    check_playable,
    fresh_seed,
    plan_of,
    primer_notes,
)
from rebracket.generation.sampling import Sampling
from rebracket.notation import key_number
from rebracket.segment.keys import find_key
from rebracket.segment.midi import write_midi
from rebracket.segment.notes import Notes
from rebracket.segment.tokens import Staff, encode
from rebracket.segment.tokens.condition import condition
from rebracket.segment.tokens.vocabulary import BAR, TICKS
from rebracket.taxonomy import RebracketingType
from tests.music_files import midi, tune
from tests.segment.operations.notes.material import line, piece

MEMORY, SPATIAL = RebracketingType.MEMORY, RebracketingType.SPATIAL
WALTZ = replace(
    piece(line([62, 66, 69] * 4), meters=((0.0, 3, 4),)), tempos=((0.0, 72.0), (6.0, 84.0))
)


def planned(primer: Notes | bytes | None = None, **asked: object) -> Plan:
    given: dict[str, object] = {"type": MEMORY, **asked}
    if primer is not None:
        file = primer if isinstance(primer, bytes) else write_midi(primer)
        given["primer"] = {"midi": file}
    return plan_of(Conditioning.model_validate(given), seed=7, guidance=1.5)


def refusal(primer: Notes | bytes) -> tuple[list[str | int], str, str]:
    """Of a primer: where, what kind, and the message."""
    with pytest.raises(InvalidRequest) as caught:
        planned(primer)
    (error,) = caught.value.errors
    return error["loc"], error["type"], error["msg"]


class TestWithoutPrimer:
    def test_a_plan_is_what_was_asked_for(self) -> None:
        found = planned(
            type={"memory": 3, "spatial": 1},
            intensity=0.4,
            bars=5,
            tempo=88,
            meter="6/8",
            key="F# minor",
            program=40,
            temperature=0.8,
            top_k=30,
            top_p=0.9,
            candidates=3,
        )
        assert (found.seed, found.pieces, found.bars, found.meter) == (7, 3, 5, (6, 8))
        assert (found.tempo, found.program, found.guidance) == (88.0, 40, 1.5)
        assert found.sampling == Sampling(0.8, 30, 0.9)
        assert (found.opening, found.opening_bars) == ((), 0)
        mixture = {MEMORY: 0.75, SPATIAL: 0.25}
        told = condition((6, 8), mixture=mixture, intensity=0.4, key=key_number("F# minor"))
        np.testing.assert_array_equal(found.condition, told)

    def test_what_was_not_said_is_as_the_schema_says(self) -> None:
        found = planned()
        assert (found.pieces, found.bars, found.meter, found.tempo) == (4, 8, (4, 4), 100.0)
        told = condition((4, 4), mixture={MEMORY: 1.0}, intensity=0.7)
        np.testing.assert_array_equal(found.condition, told)

    def test_words_to_answer_are_no_opening(self) -> None:
        given = {"type": "memory", "primer": {"text": "A door."}}
        found = plan_of(Conditioning.model_validate(given), seed=7, guidance=1.0)
        assert (found.opening, found.opening_bars) == ((), 0)


class TestPrimer:
    def test_its_bars_become_the_opening_and_a_new_bar_begins(self) -> None:
        found = planned(WALTZ)
        tokens, _ = encode(WALTZ, 4, 3 * TICKS)
        assert found.opening == (*tokens[:-1], BAR)
        assert found.opening_bars == 4

    def test_meter_tempo_and_key_are_its_own(self) -> None:
        found = planned(WALTZ)
        assert found.meter == (3, 4)
        assert found.tempo == pytest.approx(84.0, rel=1e-4)
        key = find_key(WALTZ)
        told = condition((3, 4), mixture={MEMORY: 1.0}, intensity=0.7, key=key)
        np.testing.assert_array_equal(found.condition, told)

    def test_a_tempo_and_a_key_that_are_told_go_before_its_own(self) -> None:
        found = planned(WALTZ, tempo=100, key="Bb")
        assert found.tempo == 100.0
        told = condition((3, 4), mixture={MEMORY: 1.0}, intensity=0.7, key=10)
        np.testing.assert_array_equal(found.condition, told)

    @pytest.mark.parametrize(("own", "tempo"), [(4.0, 30.0), (30.0, 30.0), (5000.0, 300.0)])
    def test_a_tempo_that_cannot_be_asked_for_is_the_nearest(
        self, own: float, tempo: float
    ) -> None:
        found = planned(replace(WALTZ, tempos=((0.0, own),)))
        assert found.tempo == pytest.approx(tempo, rel=1e-4)

    def test_only_its_last_bars_are_gone_on_from(self) -> None:
        found = planned(piece(line([60] * 4 * 15 + [72] * 4 * 10)))
        last = piece(line([60] * 4 * 6 + [72] * 4 * 10))
        tokens, _ = encode(last, MOST_OPENING_BARS, 4 * TICKS)
        assert found.opening == (*tokens[:-1], BAR)
        assert found.opening_bars == MOST_OPENING_BARS

    def test_a_dense_one_is_cut_to_what_the_generator_is_shown(self) -> None:
        runs = [40 + step % 40 for step in range(128)]
        dense = piece([row for track in range(5) for row in line(runs, step=0.25, track=track)])
        tokens, _ = encode(dense, 8, 4 * TICKS)
        assert len(tokens) > MOST_OPENING
        found = planned(dense)
        assert found.opening_bars == 4
        assert MOST_OPENING / 4 < len(found.opening) <= MOST_OPENING
        assert found.opening[-40:-1] == tuple(tokens[-40:-1])

    def test_bars_of_an_earlier_meter_are_left_out(self) -> None:
        changing = piece(line(range(60, 74)), meters=((0.0, 4, 4), (8.0, 3, 4)))
        found = planned(changing)
        assert (found.meter, found.opening_bars) == ((3, 4), 2)

    def test_an_opening_is_written_on_a_staff_that_then_goes_on(self) -> None:
        found = planned(midi(6))
        staff = Staff(found.opening_bars + 1, found.bar_ticks, found.opening_bars)
        for token in found.opening:
            assert staff.allowed()[token]
            staff.take(token)
        assert staff.bar == found.opening_bars
        assert len(staff.notes()) == len(tune(6))

    def test_silence_at_the_end_is_not_gone_on_from(self) -> None:
        whole, silent = planned(WALTZ), planned(replace(WALTZ, length=3.0 * 40))
        assert silent.opening == whole.opening
        assert silent.opening_bars == whole.opening_bars


class TestRefusals:
    @pytest.mark.parametrize("file", [b"MThd", b"RIFF", midi()[:-30], b"\x00"])
    def test_what_is_no_midi_file_is_undecodable(self, file: bytes) -> None:
        loc, kind, message = refusal(file)
        assert (loc, kind) == (["primer", "midi"], "undecodable")
        assert message

    def test_a_meter_that_the_generator_does_not_know_is_named(self) -> None:
        loc, kind, message = refusal(piece(line([60] * 10), meters=((0.0, 5, 8),)))
        assert (loc, kind) == (["primer", "midi"], "meter")
        assert message.startswith("It ends in 5/8; the generator knows 2/4, 3/4")

    def test_a_meter_that_was_not_known_and_has_ended_is_no_hindrance(self) -> None:
        found = planned(piece(line([60] * 14), meters=((0.0, 5, 8), (10.0, 4, 4))))
        assert (found.meter, found.opening_bars) == ((4, 4), 1)

    def test_a_bar_with_more_than_the_generator_is_shown_is_refused(self) -> None:
        chords = [
            (onset / TICKS, 1 / TICKS, pitch, 80, 0, False, 0)
            for onset in range(0, 96, 8)
            for pitch in range(20, 90)
        ]
        loc, kind, message = refusal(piece(chords, 4.0))
        assert (loc, kind) == (["primer", "midi"], "too_dense")
        assert "last bar" in message

    def test_more_music_than_is_read_is_too_large(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("rebracket.segment.midi.read.MAX_NOTES", 3)
        with pytest.raises(PayloadTooLarge, match=r"primer\.midi: expected at most 3 notes"):
            primer_notes(midi())


def test_a_primer_of_ten_minutes_is_played_and_no_longer_one() -> None:
    ten = replace(WALTZ, length=600.0, tempos=((0.0, 60.0),))
    check_playable(ten, "primer.midi")
    with pytest.raises(PayloadTooLarge, match=r"primer\.midi: it lasts 1200 s, .* 600 s at most"):
        check_playable(replace(ten, tempos=((0.0, 30.0),)), "primer.midi")


def test_a_primer_of_more_tones_than_can_be_played_in_time_is_too_large() -> None:
    stuck = [(0.0, 600.0, pitch, 80, 0, False, 0) for pitch in range(20, 40)]
    slow = ((0.0, 60.0),)
    check_playable(replace(piece(stuck), tempos=slow), "primer.midi")
    more = [*stuck, (0.0, 10.0, 60, 80, 0, False, 0)]
    with pytest.raises(PayloadTooLarge, match=r"notes last 12010 s together, and 12000 s"):
        check_playable(replace(piece(more), tempos=slow), "primer.midi")


def test_an_openings_key_is_that_of_the_bars_that_are_shown() -> None:
    early, late = line([60, 64, 67, 60] * 16), line([61, 65, 68, 61] * 16, start=64.0)
    assert Opening.of(piece([*early, *late])).key == 1


def test_fresh_seeds_are_exact_in_json_and_not_the_same() -> None:
    seeds = {fresh_seed() for _ in range(20)}
    assert len(seeds) == 20
    assert all(seed == int(float(seed)) and 0 <= seed < 2**53 for seed in seeds)
