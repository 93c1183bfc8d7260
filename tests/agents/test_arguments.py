"""What the analyzer takes, and what it says of what it does not take."""

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from rebracket.agents import arguments
from rebracket.agents.arguments import AnalyzerArguments, explain
from rebracket.schemas import Segment
from tests.music_files import audio, midi


def to_segment(concept: str, lyrics: str | None) -> tuple[Segment, str | None]:
    return arguments.to_segment(AnalyzerArguments(concept=concept, lyrics=lyrics))


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
        ({"concept": "a", "meter": "b"}, "meter: Extra inputs are not permitted"),
    ],
)
def test_wrong_arguments_are_named_with_what_to_give(arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as caught:
        AnalyzerArguments.model_validate(arguments)
    message = explain(caught.value)
    assert told in message
    assert "Call again with concept (text)" in message


def test_music_is_base64_or_a_file_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "tune.mid").write_bytes(midi())
    given = AnalyzerArguments(
        concept="a door", midi="tune.mid", audio=b64encode(audio(0.5)).decode()
    )
    segment, hint = arguments.to_segment(given, tmp_path)
    assert (segment.midi, segment.audio, hint) == (midi(), audio(0.5), None)


@pytest.mark.parametrize("name", ["../secret.mid", "/etc/hostname", "missing.mid", "link.mid"])
def test_files_elsewhere_are_not_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.mid").write_bytes(midi())
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link.mid").symlink_to(tmp_path / "secret.mid")
    with pytest.raises(ValidationError) as caught:
        arguments.to_segment(AnalyzerArguments(concept="a door", midi=name), folder)
    assert "midi: Input should be base64" in explain(caught.value)


def test_without_a_folder_no_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "tune.mid").write_bytes(midi())
    with pytest.raises(ValidationError):
        arguments.to_segment(AnalyzerArguments(concept="a", midi=str(tmp_path / "tune.mid")))
