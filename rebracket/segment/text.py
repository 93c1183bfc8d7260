"""Words → token windows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from rebracket.errors import ModelIncompatible
from rebracket.segment.window import Feeds

Field = Literal["text", "lyrics"]

WINDOW = 256
"""Tokens in a window at most, [CLS] and [SEP] included."""

FIELDS: tuple[Field, ...] = ("text", "lyrics")
"""Where words stand in a segment; the position is the id that the model sees."""


@dataclass(frozen=True)
class Windows:
    """The token windows of one or more segments, padded to one length.

    Shapes: `ids` and `mask` int64 [windows, length]; `fields` int64 [windows]; `pool` float32
    [segments, windows]: row s says how much of segment s each window is; rows sum to 1.
    """

    ids: NDArray[np.int64]
    mask: NDArray[np.int64]
    fields: NDArray[np.int64]
    pool: NDArray[np.float32]

    @cached_property
    def tokens(self) -> int:
        """How many tokens are to be read, padding aside."""
        return int(np.count_nonzero(self.mask))

    def alone(self) -> Iterator["Windows"]:
        """Each window by itself, without padding."""
        whole = np.ones((1, 1), dtype=np.float32)
        for row, length in enumerate(self.mask.sum(axis=1)):
            yield Windows(
                ids=self.ids[row : row + 1, :length],
                mask=self.mask[row : row + 1, :length],
                fields=self.fields[row : row + 1],
                pool=whole,
            )

    @property
    def work(self) -> int:
        """What reading them costs."""
        return self.tokens

    def beside(self, others: Sequence["Windows"]) -> "Windows":
        """In one batch with others."""
        return stack([self, *others])

    def feeds(self) -> Feeds:
        """Arrays by the model's input names."""
        return {
            "input_ids": self.ids,
            "attention_mask": self.mask,
            "fields": self.fields,
            "pool": self.pool,
        }


class TextEncoder:
    """WordPiece tokenizer that reads texts of any length, window by window."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        self._start, self._end, self._pad, self._unknown = (
            _special(tokenizer, token) for token in ("[CLS]", "[SEP]", "[PAD]", "[UNK]")
        )

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Load `tokenizer.json`."""
        return cls(Tokenizer.from_file(str(path)))

    def split(self, words: str) -> list[list[int]]:
        """Token windows of near-equal length; none where the words hold no token.

        A long text is cut into the fewest windows, as even as possible: an even cut leaves no
        short last window whose few tokens would be read without context, and no padding.
        """
        lines = " / ".join(line for line in words.splitlines() if line.strip())
        # As `encode`, without the offsets that it works out.
        tokens = self._tokenizer.encode_batch_fast([lines], add_special_tokens=False)[0].ids
        room = WINDOW - 2
        count = ceil(len(tokens) / room)
        edges = [round(len(tokens) * k / count) for k in range(count + 1)] if count else [0]
        return [[self._start, *tokens[a:b], self._end] for a, b in pairwise(edges)]

    def encode(self, text: str | None, lyrics: str | None) -> Windows | None:
        """The windows of one segment; None where neither field holds a token.

        Within a field windows weigh by their tokens; the fields that are there weigh alike.
        """
        parts = [(f, self.split(words)) for f, words in enumerate((text, lyrics)) if words]
        parts = [(f, windows) for f, windows in parts if windows]
        if not parts:
            return None
        rows = [(f, window) for f, windows in parts for window in windows]
        weights = []
        for _, windows in parts:
            total = sum(map(len, windows))
            weights += [len(window) / total / len(parts) for window in windows]
        ids, mask = self._pad_rows([window for _, window in rows])
        return Windows(
            ids=ids,
            mask=mask,
            fields=np.array([f for f, _ in rows], dtype=np.int64),
            pool=np.array([weights], dtype=np.float32),
        )

    def unknown_share(self, windows: Windows) -> float:
        """How much of the windows' tokens the vocabulary lacks, 0 to 1."""
        return np.count_nonzero(windows.ids == self._unknown) / windows.tokens

    def _pad_rows(self, rows: list[list[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        length = max(map(len, rows))
        ids = np.full((len(rows), length), self._pad, dtype=np.int64)
        mask = np.zeros((len(rows), length), dtype=np.int64)
        for index, row in enumerate(rows):
            ids[index, : len(row)] = row
            mask[index, : len(row)] = 1
        return ids, mask


def _special(tokenizer: Tokenizer, token: str) -> int:
    number = tokenizer.token_to_id(token)
    if number is None:
        raise ModelIncompatible(f"the tokenizer has no {token}")
    return number


def stack(items: list[Windows]) -> Windows:
    """One padded batch of several segments' windows, in order."""
    length = max(item.ids.shape[1] for item in items)
    windows = [item.ids.shape[0] for item in items]
    pool = np.zeros((len(items), sum(windows)), dtype=np.float32)
    start = 0
    for row, (item, count) in enumerate(zip(items, windows, strict=True)):
        pool[row, start : start + count] = item.pool[0]
        start += count

    def widen(arrays: list[NDArray[np.int64]]) -> NDArray[np.int64]:
        return np.concatenate([np.pad(a, ((0, 0), (0, length - a.shape[1]))) for a in arrays])

    return Windows(
        ids=widen([item.ids for item in items]),
        mask=widen([item.mask for item in items]),
        fields=np.concatenate([item.fields for item in items]),
        pool=pool,
    )
