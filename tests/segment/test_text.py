"""Words become token windows that hold every token once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from rebracket.segment.text import WINDOW, TextEncoder, stack

SPECIAL = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3}
WORDS = {word: index for index, word in enumerate(["/", "door", "house", "street"], start=4)}


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    """A tokenizer of four words, so that every token can be counted by hand."""
    tokenizer = Tokenizer(models.WordLevel({**SPECIAL, **WORDS}, unk_token="[UNK]"))  # noqa: S106
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return TextEncoder(tokenizer)


def test_a_short_text_is_one_window(encoder: TextEncoder) -> None:
    windows = encoder.encode("house door", None)
    assert windows is not None
    assert windows.ids.tolist() == [[2, WORDS["house"], WORDS["door"], 3]]
    assert windows.mask.tolist() == [[1, 1, 1, 1]]
    assert windows.fields.tolist() == [0]
    assert windows.pool.tolist() == [[1.0]]


def test_lines_are_joined_as_the_corpus_joins_them(encoder: TextEncoder) -> None:
    assert encoder.split("house\n\n door \r\nstreet") == encoder.split("house / door / street")


@pytest.mark.parametrize("words", ["", "  ", "\n\n"])
def test_words_without_tokens_give_no_windows(encoder: TextEncoder, words: str) -> None:
    assert encoder.encode(words, None) is None
    assert encoder.encode(None, words) is None


@given(count=st.integers(1, 2000))
def test_every_token_is_in_one_window_of_near_equal_length(
    encoder: TextEncoder, count: int
) -> None:
    names = [list(WORDS)[1 + k % 3] for k in range(count)]
    windows = encoder.split(" ".join(names))
    inner = [token for window in windows for token in window[1:-1]]
    assert inner == [WORDS[name] for name in names]
    lengths = [len(window) for window in windows]
    assert max(lengths) <= WINDOW
    assert max(lengths) - min(lengths) <= 1
    assert len(windows) == -(-count // (WINDOW - 2))


@given(text=st.integers(0, 600), lyrics=st.integers(0, 600))
def test_pool_weighs_fields_alike_and_windows_by_tokens(
    encoder: TextEncoder, text: int, lyrics: int
) -> None:
    windows = encoder.encode("door " * text, "house " * lyrics)
    if windows is None:
        assert text == lyrics == 0
        return
    assert windows.pool.shape == (1, len(windows.ids))
    assert windows.pool.sum() == pytest.approx(1)
    present = {field for field, count in ((0, text), (1, lyrics)) if count}
    for field in present:
        share = windows.pool[0, windows.fields == field].sum()
        assert share == pytest.approx(1 / len(present), abs=1e-6)


def test_windows_stand_alone_without_padding(encoder: TextEncoder) -> None:
    windows = encoder.encode("house", "street street")
    assert windows is not None
    first, second = windows.alone()
    assert first.ids.tolist() == [[2, WORDS["house"], 3]]
    assert second.ids.tolist() == [[2, WORDS["street"], WORDS["street"], 3]]
    assert (first.fields.tolist(), second.fields.tolist()) == ([0], [1])
    assert first.mask.all()
    assert first.pool.tolist() == [[1.0]]


def test_stack_keeps_each_segment_its_own_windows(encoder: TextEncoder) -> None:
    long = encoder.encode("door " * 400, None)
    short = encoder.encode("house", "street street")
    assert long is not None
    assert short is not None
    batch = stack([long, short])
    assert batch.ids.shape == (4, 202)
    assert (batch.pool > 0).tolist() == [[True, True, False, False], [False, False, True, True]]
    assert np.array_equal(batch.ids[:2], long.ids)
    assert np.array_equal(batch.ids[2:, : short.ids.shape[1]], short.ids)
    assert batch.mask.sum() == long.mask.sum() + short.mask.sum()
    assert batch.fields.tolist() == [0, 0, 0, 1]
