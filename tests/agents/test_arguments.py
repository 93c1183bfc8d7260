"""What the analyzer takes, and what it says of what it does not take."""

from typing import Any

import pytest
from pydantic import ValidationError

from rebracket.agents.arguments import AnalyzerArguments, explain, to_segment


def test_what_fits_is_passed_on() -> None:
    segment, hint = to_segment("  a door  ", "la la")
    assert (segment.text, segment.lyrics, hint) == ("a door", "la la", None)
    assert to_segment("a" * 10_000, " ")[1] is None


def test_a_long_concept_is_read_up_to_a_words_end_and_the_hint_says_so() -> None:
    segment, hint = to_segment("words " * 2000, None)
    assert segment.text == "words " * 1665 + "words"
    assert hint == "Only the first 9995 of 11999 characters of the concept were read."


def test_a_cut_between_words_keeps_both() -> None:
    segment, _ = to_segment("a" * 9_990 + " 123456789 and more", None)
    assert segment.text == "a" * 9_990 + " 123456789"


def test_a_word_without_end_is_cut_in_it() -> None:
    segment, hint = to_segment("a" * 12_000, "b" * 12_000)
    assert (segment.text, segment.lyrics) == ("a" * 10_000, "b" * 10_000)
    assert hint
    assert hint.count("10000 of 12000 characters") == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({}, "concept: Field required"),
        ({"concept": 5}, "concept: Input should be a valid string"),
        ({"concept": " \n"}, "concept: Value error, it is empty"),
        ({"concept": "\ud800"}, "concept: Value error, it holds half of a character"),
        ({"concept": "a", "lyrics": "\ud800"}, "lyrics: Value error, it holds half"),
        ({"concept": "a", "midi": "b"}, "midi: Extra inputs are not permitted"),
    ],
)
def test_wrong_arguments_are_named_with_what_to_give(arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as caught:
        AnalyzerArguments.model_validate(arguments)
    message = explain(caught.value)
    assert told in message
    assert "Call again with concept (text)" in message
