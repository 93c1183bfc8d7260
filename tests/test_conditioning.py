"""What a request for a segment may hold, and what is said of one that holds something else."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from rebracket.conditioning import MOST_SEED, Conditioning, Primer
from rebracket.notation import METERS
from rebracket.taxonomy import TYPES, RebracketingType

MEMORY, SPATIAL = RebracketingType.MEMORY, RebracketingType.SPATIAL
MIDI = "TVRoZAD/"
WORD = "sesame"


def asked(**given: object) -> Conditioning:
    return Conditioning.model_validate_json(json.dumps({"type": "memory", **given}))


def errors(**given: object) -> list[Any]:
    with pytest.raises(ValidationError) as caught:
        asked(**given)
    assert WORD not in str(caught.value)
    return caught.value.errors(include_input=False, include_context=False, include_url=False)


def error(**given: object) -> tuple[str, str, str]:
    """The one error of a request: where, what kind, and the message."""
    (found,) = errors(**given)
    return ".".join(map(str, found["loc"])), found["type"], found["msg"]


class TestType:
    @pytest.mark.parametrize("kind", TYPES)
    def test_one_type_is_all_of_the_mixture(self, kind: RebracketingType) -> None:
        assert asked(type=kind).mixture == {kind: 1.0}

    def test_weights_of_a_mixture_are_parts_of_one(self) -> None:
        found = asked(type={"memory": 3, "spatial": 1})
        assert found.mixture == {MEMORY: 0.75, SPATIAL: 0.25}
        assert Conditioning(type={MEMORY: 3, SPATIAL: 1}) == found

    def test_a_type_and_a_mixture_come_back_from_json(self) -> None:
        for found in (asked(), asked(type={"memory": 0.5, "causal": 2})):
            again = Conditioning.model_validate_json(found.model_dump_json(by_alias=True))
            assert again == found

    @pytest.mark.parametrize("kind", [WORD, "Memory", 5, None, [WORD], ["memory"], True])
    def test_what_is_no_type_is_one_error_that_names_the_types(self, kind: object) -> None:
        loc, _, message = error(type=kind)
        assert loc == "type"
        assert (
            message == f"Input should be {', '.join(map(repr, map(str, TYPES[:-1])))} or 'identity'"
        )

    @pytest.mark.parametrize(
        ("mixture", "loc", "kind"),
        [
            ({}, "type", "too_short"),
            ({"dream": 1}, "type.dream.[key]", "enum"),
            ({"memory": 0}, "type.memory", "greater_than_equal"),
            ({"memory": -1, "spatial": 1}, "type.memory", "greater_than_equal"),
            ({"memory": 1e-9, "spatial": 1}, "type.memory", "greater_than_equal"),
            ({"memory": 1e7}, "type.memory", "less_than_equal"),
            ({"memory": WORD}, "type.memory", "float_parsing"),
            ({"memory": None}, "type.memory", "float_type"),
        ],
    )
    def test_what_is_no_mixture_is_one_error_at_its_place(
        self, mixture: object, loc: str, kind: str
    ) -> None:
        assert error(type=mixture)[:2] == (loc, kind)

    def test_every_weight_that_is_wrong_is_named(self) -> None:
        found = errors(type={"memory": 0, "spatial": -1, "causal": 1})
        assert [item["loc"] for item in found] == [("type", "memory"), ("type", "spatial")]

    def test_even_the_lightest_type_of_a_mixture_has_a_part(self) -> None:
        found = asked(type={"memory": 1e-6, "spatial": 1e6}).mixture
        assert found[MEMORY] > 0
        assert sum(found.values()) == pytest.approx(1.0)

    def test_the_schema_says_that_it_is_one_of_either(self) -> None:
        one, mixture = Conditioning.model_json_schema()["properties"]["type"]["anyOf"]
        assert one == {"$ref": "#/$defs/RebracketingType"}
        assert mixture["type"] == "object"


class TestBounds:
    def test_all_but_the_type_goes_without_saying(self) -> None:
        found = asked()
        assert (found.intensity, found.bars, found.tempo, found.meter) == (0.7, 8, 100.0, "4/4")
        assert (found.key, found.program, found.seed, found.primer) == (None, None, None, None)
        assert found.returned == ["midi", "text"]
        (missing,) = _missing()
        assert missing["loc"] == ("type",)

    @pytest.mark.parametrize(
        ("field", "least", "most"),
        [
            *(("intensity", 0.0, 1.0), ("bars", 1, 32), ("tempo", 30.0, 300.0)),
            *(("program", 0, 127), ("seed", 0, MOST_SEED), ("temperature", 0.0, 2.0)),
            *(("top_k", 0, 1024), ("candidates", 1, 16)),
        ],
    )
    def test_numbers_have_a_least_and_a_most(self, field: str, least: float, most: float) -> None:
        for value in (least, most):
            assert getattr(asked(**{field: value}), field) == value
        step = 1 if isinstance(least, int) else 0.001
        assert error(**{field: least - step})[:2] == (field, "greater_than_equal")
        assert error(**{field: most + step})[:2] == (field, "less_than_equal")

    def test_a_share_of_probability_is_over_0(self) -> None:
        assert asked(top_p=1e-6).top_p == 1e-6
        assert error(top_p=0.0)[:2] == ("top_p", "greater_than")
        assert error(top_p=1.001)[:2] == ("top_p", "less_than_equal")

    @pytest.mark.parametrize("field", ["intensity", "tempo", "temperature", "top_p"])
    @pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
    def test_what_is_no_number_is_refused(self, field: str, value: float) -> None:
        assert error(**{field: value})[0] == field

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            *(("bars", 4.5), ("bars", WORD), ("tempo", WORD), ("seed", 1.5), ("program", [])),
            *(("meter", 4), ("key", 5), ("return", "midi"), ("return", [5]), ("primer", "TVRo")),
            *(("intensity", None), ("candidates", {}), ("colour", WORD), ("returned", ["midi"])),
        ],
    )
    def test_what_is_of_another_kind_is_named(self, field: str, value: object) -> None:
        assert error(**{field: value})[0].split(".")[0] == field


class TestNames:
    @pytest.mark.parametrize("meter", METERS)
    def test_the_generators_meters_are_known(self, meter: tuple[int, int]) -> None:
        name = f"{meter[0]}/{meter[1]}"
        assert asked(meter=name).meter == name

    @pytest.mark.parametrize("meter", ["5/4", "7/8", "44", "4/4 ", "", WORD])
    def test_of_another_meter_it_is_said_which_are_known(self, meter: str) -> None:
        loc, kind, message = error(meter=meter)
        assert (loc, kind) == ("meter", "meter")
        assert message == "Input should be one of 2/4, 3/4, 4/4, 2/2, 3/2, 3/8, 6/8, 9/8, 12/8"

    @pytest.mark.parametrize("key", ["C major", "F# minor", "Bb", "am"])
    def test_a_key_is_kept_as_it_was_named(self, key: str) -> None:
        assert asked(key=key).key == key

    @pytest.mark.parametrize("key", ["H", "", WORD, "{error}"])
    def test_of_what_is_no_key_it_is_said_how_keys_are_named(self, key: str) -> None:
        loc, kind, message = error(key=key)
        assert (loc, kind) == ("key", "key")
        assert message == "Input should be a key, as 'C major', 'F# minor' or 'Bb'"

    def test_a_long_key_is_not_looked_at(self) -> None:
        assert error(key="C" * 17)[:2] == ("key", "string_too_long")


class TestReturn:
    @pytest.mark.parametrize(("returned", "kind"), [([], "too_short"), (["midi", "midi"], "twice")])
    def test_something_is_returned_and_nothing_twice(self, returned: list[str], kind: str) -> None:
        assert error(**{"return": returned})[:2] == ("return", kind)

    def test_what_cannot_be_returned_is_named_by_its_place(self) -> None:
        assert error(**{"return": ["midi", WORD]})[:2] == ("return.1", "literal_error")

    @pytest.mark.parametrize("returned", [["midi"], ["audio", "text"], ["tokens"]])
    def test_midi_audio_and_tokens_are_of_notes(self, returned: list[str]) -> None:
        assert asked(**{"return": returned}).has_notes

    def test_text_is_not(self) -> None:
        assert not asked(**{"return": ["text"]}).has_notes


WORDS_ONLY = {"return": ["text"]}
NOTES_ONLY = {"return": ["midi"]}
CONTINUED = {"primer": {"midi": MIDI}}
REDRAWN = {"primer": {"midi": MIDI, "use": "rebracket"}}
OF_NOTES = {
    "bars": 4,
    "tempo": 90,
    "meter": "3/4",
    "key": "C",
    "program": 5,
    "temperature": 0.9,
    "top_k": 50,
    "top_p": 0.9,
}


class TestCombinations:
    @pytest.mark.parametrize("field", OF_NOTES)
    @pytest.mark.parametrize("other", [WORDS_ONLY, REDRAWN], ids=["words", "redrawn"])
    def test_what_is_of_new_notes_is_refused_without_them(
        self, field: str, other: dict[str, object]
    ) -> None:
        loc, kind, message = error(**other, **{field: OF_NOTES[field]})
        assert (loc, kind) == ("", "out_of_place")
        assert message.startswith(f"{field}: not used ")

    def test_all_that_is_out_of_place_is_named(self) -> None:
        message = error(**WORDS_ONLY, tempo=90, bars=4)[2]
        assert message == "bars, tempo: not used without midi, audio or tokens in 'return'"

    def test_a_default_that_is_said_is_said(self) -> None:
        assert error(**WORDS_ONLY, bars=8)[1] == "out_of_place"

    @pytest.mark.parametrize("use", ["continue", "rebracket"])
    def test_a_midi_primer_is_refused_where_no_notes_are_returned(self, use: str) -> None:
        message = error(**WORDS_ONLY, primer={"midi": MIDI, "use": use})[2]
        assert message == "primer.midi: not used without midi, audio or tokens in 'return'"

    def test_a_primer_of_words_is_refused_where_none_are_returned(self) -> None:
        message = error(**NOTES_ONLY, primer={"text": WORD})[2]
        assert message == "primer.text: not used without text in 'return'"

    def test_a_continued_primer_has_its_meter(self) -> None:
        message = error(**CONTINUED, meter="4/4")[2]
        assert message == "meter: not used for a primer that is continued: it has its own"

    def test_a_redrawn_primer_has_no_tokens(self) -> None:
        message = error(**REDRAWN, **{"return": ["tokens", "midi"]})[2]
        assert message.startswith("return.tokens: not used for a primer that is rebracketed")

    @pytest.mark.parametrize(
        "given",
        [
            {**OF_NOTES},
            {**OF_NOTES, **NOTES_ONLY},
            {**CONTINUED, "tempo": 90, "key": "C", "bars": 2, "program": 4},
            {**REDRAWN, "candidates": 3, "seed": 1, "return": ["midi", "audio", "text"]},
            {**WORDS_ONLY, "primer": {"text": "A door."}, "candidates": 9},
            {"primer": {"text": "A door.", "midi": MIDI}},
        ],
    )
    def test_what_fits_together_is_taken(self, given: dict[str, object]) -> None:
        assert asked(**given)


class TestPrimer:
    @pytest.mark.parametrize("primer", [{}, {"text": ""}, {"text": " \n"}, {"midi": None}])
    def test_an_empty_one_is_refused(self, primer: dict[str, object]) -> None:
        assert error(primer=primer)[:2] == ("primer", "empty_primer")

    def test_words_alone_cannot_be_rebracketed(self) -> None:
        primer = {"text": WORD, "use": "rebracket"}
        assert error(primer=primer)[:2] == ("primer", "nothing_to_rebracket")

    @pytest.mark.parametrize(
        ("primer", "loc"),
        [
            ({"midi": WORD + "!"}, "primer.midi"),
            ({"midi": ""}, "primer.midi"),
            ({"text": "a" * 10_001}, "primer.text"),
            ({"text": "a", "use": WORD}, "primer.use"),
            ({"text": "a", "audio": WORD}, "primer.audio"),
        ],
    )
    def test_what_is_wrong_in_it_is_named(self, primer: dict[str, object], loc: str) -> None:
        assert error(primer=primer)[0] == loc

    def test_only_a_primer_that_is_rebracketed_is_redrawn(self) -> None:
        assert asked(**REDRAWN).is_redrawn
        assert not asked(**CONTINUED).is_redrawn
        assert not asked().is_redrawn

    def test_nothing_that_is_shown_of_it_holds_its_music(self) -> None:
        assert "MThd" not in repr(Primer(midi=b"MThd\x00\xff"))


def _missing() -> list[Any]:
    with pytest.raises(ValidationError) as caught:
        Conditioning.model_validate({})
    return list(caught.value.errors())
