import re
from itertools import product

import pytest

from rebracket.generation.wording import LONGEST
from rebracket.generation.wording.degrees import Degree
from rebracket.generation.wording.expansion import ALTERNATIVES
from rebracket.generation.wording.lexicon import Lexicon, Turn, lexicon
from rebracket.generation.wording.topic import CHARACTERS
from rebracket.taxonomy import TYPES, RebracketingType
from tests.generation.wording.readings import groups, is_balanced, same_material

PHRASE = "x" * CHARACTERS


def _longest(line: str) -> int:
    return len(ALTERNATIVES.sub(lambda match: max(match[1].split("/"), key=len), line))


def _turns(authored: Lexicon) -> list[Turn]:
    return [*authored.turns, *authored.about_turns]


def _openings(authored: Lexicon) -> list[str]:
    hinted = [
        line.format(**turn.readings(PHRASE))
        for line, turn in product(authored.hints, _turns(authored))
    ]
    return [*hinted, *(turn.line.format(**turn.readings(PHRASE)) for turn in _turns(authored))]


def _lines(authored: Lexicon) -> list[str]:
    fields = (authored.plain, authored.about_plain, authored.hints, authored.calm)
    closings = (authored.steady, authored.strong, authored.relentless)
    turns = [text for turn in _turns(authored) for text in (turn.one, turn.other, turn.line)]
    return [line for field in (*fields, *closings) for line in field] + turns


@pytest.fixture(params=TYPES, ids=str)
def authored(request: pytest.FixtureRequest) -> Lexicon:
    kind: RebracketingType = request.param
    return lexicon(kind)


def test_both_readings_bracket_the_same_words_in_two_ways(authored: Lexicon) -> None:
    for turn in _turns(authored):
        readings = turn.readings("sea")
        assert same_material(readings["one"], readings["other"]), turn


def test_each_reading_brackets_part_of_its_words(authored: Lexicon) -> None:
    for turn in _turns(authored):
        for reading in (turn.one, turn.other):
            assert groups(reading), turn
            assert is_balanced(reading), turn


def test_a_line_states_each_reading_once(authored: Lexicon) -> None:
    for line in [*authored.hints, *(turn.line for turn in _turns(authored))]:
        assert sorted(re.findall(r"{(\w+)}", line)) == ["one", "other"], line


def test_turns_about_a_phrase_hold_it_in_both_readings(authored: Lexicon) -> None:
    for turn in authored.about_turns:
        assert turn.one.count("{about}") == turn.other.count("{about}") == 1, turn
    for line in authored.about_plain:
        assert line.count("{about}") == 1, line


def test_no_other_brackets_slots_or_line_breaks_are_left_in_a_line(authored: Lexicon) -> None:
    for line in _lines(authored):
        rest = re.sub(r"{(one|other|about)}", "", ALTERNATIVES.sub("", line))
        assert not re.search(r"[<>{}/\n|]", rest), line
        assert line == line.strip(), line


def test_no_line_is_there_twice(authored: Lexicon) -> None:
    lines = [line for line in _lines(authored) if " " in line]
    assert len(set(lines)) == len(lines)


def test_any_opening_leaves_room_for_any_sentence_that_closes(authored: Lexicon) -> None:
    openings = max(map(_longest, _openings(authored)))
    for kind in TYPES:
        closings = [pool for pools in lexicon(kind).seconds.values() for pool in pools]
        longest = max(_longest(line) for pool in closings for line in pool)
        assert openings + 1 + longest <= LONGEST


def test_a_relentless_line_opens_with_a_strong_one(authored: Lexicon) -> None:
    strong = authored.seconds[Degree.STRONG][0]
    cut = [line for line in authored.relentless if line not in strong]
    assert cut
    assert all(any(line.startswith(opening + " ") for opening in strong) for line in cut)
