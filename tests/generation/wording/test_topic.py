import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebracket.generation.wording.topic import CHARACTERS, WORDS, find_phrase


@pytest.mark.parametrize(
    ("about", "phrase"),
    [
        ("lighthouse", "lighthouse"),
        ("the last train home", "last train home"),
        ("house of rain", "house of rain"),
        ("Please write a song about the red bicycle.", "red bicycle"),
        ("A larder so deep that it holds the street it stands in.", "larder"),
        ("wet [house plants], 3 cats", "house plants"),
        ("my brother's red bicycle", "red bicycle"),
        ("rain\n\tand snow", "rain and snow"),
        ("rain\x00fall", None),
        ("ночь и день", "ночь и день"),
        ("cafe\u0301", "café"),
        ("नमस्ते", None),
        ("it is what it is", None),
        ("x" * (CHARACTERS + 1), None),
        ("[[]] {} <a/b> 42", None),
        ("", None),
    ],
)
def test_a_phrase_is_found_where_there_is_one(about: str, phrase: str | None) -> None:
    assert find_phrase(about) == phrase


def test_a_word_cut_off_by_punctuation_belongs_to_no_phrase_with_the_next() -> None:
    assert find_phrase("stone, river bed") == "river bed"


def test_of_many_words_in_a_row_those_between_function_words_are_taken() -> None:
    assert (
        find_phrase("a very old clock shop under the bridge we used to cross") == "old clock shop"
    )


@given(st.text(max_size=300))
def test_a_phrase_is_a_few_words_of_letters(about: str) -> None:
    phrase = find_phrase(about)
    if phrase is not None:
        assert 1 <= len(phrase.split(" ")) <= WORDS
        assert len(phrase) <= CHARACTERS
        assert all(word.isalpha() for word in phrase.split(" "))
