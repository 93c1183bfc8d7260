"""The corpus: what a line is, and what the split keeps apart."""

from pathlib import Path

import pytest

from rebracket.errors import CorpusError
from rebracket.taxonomy import RebracketingType as T
from rebracket.training.corpus import (
    TEST_PARTS,
    VALIDATION_PARTS,
    AuthoredText,
    LabelledText,
    load_part,
    near_duplicate_groups,
    part_names,
    read_jsonl,
    split_corpus,
    without_near_duplicates,
)


def authored(text: str) -> AuthoredText:
    reading = {"type": "memory", "second": None, "intensity": 0.2}
    return AuthoredText.model_validate(
        {
            "text": text,
            "register": "lyric",
            "type": "memory",
            "second": "identity",
            "intensity": 0.4,
            "reader": reading,
        }
    )


def test_label_mass_is_the_mean_of_both_readings() -> None:
    text = authored("a")
    assert text.mass.tolist() == pytest.approx([0, 0, 0, 0, 0.875, 0, 0, 0.125])
    assert text.mean_intensity == pytest.approx(0.3)
    assert text.acceptable == [T.MEMORY, T.IDENTITY]


def test_lyrics_are_sung_and_the_rest_is_text() -> None:
    assert authored("la la").segment.lyrics == "la la"
    assert authored("la la").model_copy(update={"register_": "note"}).segment.text == "la la"


def test_every_part_is_whole_and_of_all_types() -> None:
    for name in part_names():
        texts = load_part(name)
        assert len(texts) >= 100
        assert {text.type for text in texts} == set(T)
        assert len({text.text for text in texts}) == len(texts)


def test_the_split_is_by_author_and_leaks_no_near_duplicate() -> None:
    split = split_corpus()
    held = [split.validation, split.test]
    assert not set(VALIDATION_PARTS) & set(TEST_PARTS)
    everything = [*split.train, *split.validation, *split.test]
    groups = near_duplicate_groups([text.text for text in everything])
    start = len(split.train)
    seen = set(groups[:start])
    for texts in held:
        mine = set(groups[start : start + len(texts)])
        assert not mine & seen
        seen |= mine
        start += len(texts)


def test_near_duplicates_share_a_group() -> None:
    line = "every verse sits in the next one's pocket and the last one holds the first"
    groups = near_duplicate_groups(
        [line, line.replace("last", "final"), "the ferry left without us"]
    )
    assert groups[0] == groups[1] != groups[2]
    texts = [authored(line), authored("the ferry left without us and nobody waved")]
    assert without_near_duplicates(texts, [authored(line.upper())]) == texts[1:]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "labelled.jsonl:2: line: Invalid JSON"),
        ('{"register": "note"}', "labelled.jsonl:2: text: Field required"),
        (
            '{"register": "note", "text": "a", "type": "musical", "intensity": 0}',
            "labelled.jsonl:2: type: Input should be 'spatial'",
        ),
    ],
)
def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "labelled.jsonl"
    good = '{"register": "note", "text": "a", "type": "memory", "intensity": 0}'
    path.write_text(f"{good}\n{line}\n")
    with pytest.raises(CorpusError, match=message):
        read_jsonl(path, LabelledText)


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "empty.jsonl"
    path.touch()
    with pytest.raises(CorpusError, match="holds no records"):
        read_jsonl(path, LabelledText)
