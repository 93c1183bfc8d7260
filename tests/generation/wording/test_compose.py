import re
import unicodedata
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebracket.generation.wording import LONGEST, write
from rebracket.generation.wording.degrees import STARTS, Degree
from rebracket.generation.wording.expansion import ALTERNATIVES
from rebracket.generation.wording.lexicon import lexicon
from rebracket.generation.wording.topic import find_phrase
from rebracket.taxonomy import TYPES, RebracketingType
from tests.generation.wording.readings import groups, is_balanced

DEGREES = [0.0, *STARTS]


def _text(kind: RebracketingType, intensity: float, seed: int = 0, about: str | None = None) -> str:
    return write({kind: 1.0}, intensity, np.random.default_rng(seed), about)


def _bigrams(text: str) -> list[tuple[str, str]]:
    return list(pairwise(re.findall(r"[\w']+", text.lower())))


def _stands_for(line: str, text: str) -> bool:
    """Whether an authored line can have become a text."""
    parts = ALTERNATIVES.split(line)
    fixed = [re.escape(part) for part in parts[::2]]
    choices = [f"(?:{'|'.join(map(re.escape, part.split('/')))})" for part in parts[1::2]]
    pattern = "".join(a + b for a, b in zip(fixed, [*choices, ""], strict=True))
    return re.fullmatch(pattern, text, re.IGNORECASE) is not None


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("intensity", DEGREES[1:])
def test_both_readings_are_bracketed(kind: RebracketingType, intensity: float) -> None:
    for seed in range(20):
        text = _text(kind, intensity, seed)
        assert is_balanced(text)
        assert len(groups(text)) == 2
        assert text.count("\n") <= 1


@pytest.mark.parametrize("kind", TYPES)
def test_at_intensity_0_nothing_is_bracketed(kind: RebracketingType) -> None:
    for about in (None, "lighthouse"):
        text = _text(kind, 0, about=about)
        assert not re.search(r"[\[\]\n]", text)
        assert (about or "") in text


@pytest.mark.parametrize("kind", TYPES)
def test_more_intensity_is_told_at_more_length(kind: RebracketingType) -> None:
    lengths = [
        np.mean([len(_text(kind, intensity, seed)) for seed in range(60)])
        for intensity in (0.0, 0.1, 0.25, 0.7, 0.85, 1.0)
    ]
    assert lengths == sorted(lengths)


@given(st.sampled_from(TYPES), st.floats(0, 1), st.integers(0, 2**32), st.text(max_size=400))
def test_any_words_of_the_callers_leave_a_text_in_bounds(
    kind: RebracketingType, intensity: float, seed: int, about: str
) -> None:
    text = _text(kind, intensity, seed, about)
    controls = [c for c in text if unicodedata.category(c).startswith("C")]
    assert controls in ([], ["\n"])
    assert 0 < len(text) <= LONGEST
    assert is_balanced(text)
    phrase = find_phrase(about)
    assert phrase is None or phrase.casefold() in re.sub(r"[\[\]]", "", text).casefold()


@given(st.sampled_from(TYPES), st.floats(0, 1), st.integers(0, 2**32), st.text(max_size=40))
def test_the_same_arguments_and_generator_give_the_same_text(
    kind: RebracketingType, intensity: float, seed: int, about: str
) -> None:
    assert _text(kind, intensity, seed, about) == _text(kind, intensity, seed, about)


def test_words_without_a_phrase_change_nothing() -> None:
    kind = RebracketingType.CAUSAL
    assert _text(kind, 0.7, about="[]\n\x00 it is 42") == _text(kind, 0.7)


@pytest.mark.parametrize("intensity", [0.5, 0.7, 0.85])
def test_the_heaviest_type_has_the_first_line_and_the_next_the_second(intensity: float) -> None:
    memory, spatial = RebracketingType.MEMORY, RebracketingType.SPATIAL
    mixture = {spatial: 0.3, RebracketingType.CAUSAL: 0.1, memory: 0.6}
    for seed in range(10):
        rng = np.random.default_rng(seed)
        first, second = write(mixture, intensity, rng).split("\n")
        alone = write({memory: 1.0}, intensity, np.random.default_rng(seed))
        assert first == alone.split("\n")[0]
        (pool,) = lexicon(spatial).seconds[Degree.of(intensity)]
        assert any(_stands_for(line, second) for line in pool)


@pytest.mark.parametrize("mixture", [{}, {RebracketingType.CAUSAL: 0.0}])
def test_a_mixture_of_nothing_is_refused(mixture: dict[RebracketingType, float]) -> None:
    with pytest.raises(ValueError, match="type with weight"):
        write(mixture, 0.5, np.random.default_rng(0))


@pytest.mark.parametrize("seed", range(3))
def test_200_texts_are_varied(seed: int) -> None:
    rng = np.random.default_rng(seed)
    texts = [write({TYPES[i % 8]: 1.0}, 0.7, rng) for i in range(200)]
    bigrams = [pair for text in texts for pair in _bigrams(text)]
    assert len(set(bigrams)) / len(bigrams) >= 0.6
