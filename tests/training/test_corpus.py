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
    Reading,
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
            "readings": [reading],
        }
    )


def test_label_mass_is_the_mean_of_all_readings() -> None:
    text = authored("a")
    assert text.mass.tolist() == pytest.approx([0, 0, 0, 0, 0.875, 0, 0, 0.125])
    assert text.majority == T.MEMORY
    assert text.mean_intensity == pytest.approx(0.3)
    assert text.acceptable == [T.MEMORY, T.IDENTITY]
    third = Reading(type=T.CAUSAL, second=None, intensity=0.6)
    more = text.model_copy(update={"readings": [*text.readings, third]})
    assert more.mass.tolist() == pytest.approx([0, 0, 1 / 3, 0, 1.75 / 3, 0, 0, 0.25 / 3])
    assert more.mean_intensity == pytest.approx(0.4)
    assert more.acceptable == [T.CAUSAL, T.MEMORY, T.IDENTITY]


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
    assert not set(VALIDATION_PARTS) & set(TEST_PARTS)
    held = {text.text for name in (*VALIDATION_PARTS, *TEST_PARTS) for text in load_part(name)}
    assert not held & {text.text for text in split.train}
    assert without_near_duplicates(split.validation, split.train) == split.validation
    assert without_near_duplicates(split.test, [*split.train, *split.validation]) == split.test


def test_near_duplicates_share_a_group() -> None:
    line = "every verse sits in the next one's pocket and the last one holds the first"
    groups = near_duplicate_groups(
        [line, line.replace("last", "final"), "the ferry left without us"]
    )
    assert groups[0] == groups[1] != groups[2]
    texts = [authored(line), authored("the ferry left without us and nobody waved")]
    assert without_near_duplicates(texts, [authored(line.upper())]) == texts[1:]


def test_a_text_near_to_a_near_duplicate_goes_with_it() -> None:
    words = [
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
    ]
    chain = [authored(" ".join(words[start : start + 8])) for start in (0, 2, 4)]
    assert without_near_duplicates(chain[:1], chain[2:]) == chain[:1]
    assert without_near_duplicates(chain[:2], chain[2:]) == []


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
