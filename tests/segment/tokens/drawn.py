"""Pieces written token by token at random, as strangely as the grammar lets them be."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from numpy.random import Generator

from rebracket.notation import METERS
from rebracket.segment.tokens.staff import Mask, Staff
from rebracket.segment.tokens.vocabulary import (
    BAR,
    DRUM_VOICE,
    DURATION,
    END,
    PITCH,
    POSITION,
    PROGRAM,
    TICKS,
    VELOCITY,
    VOCABULARY,
    VOICE,
)

KINDS = (BAR, END, VOICE, PROGRAM, POSITION, DURATION, VELOCITY, PITCH, VOCABULARY)
"""Where each kind of token begins."""

BAR_TICKS = tuple(sorted({over * 4 * TICKS // under for over, under in METERS}))


@dataclass(frozen=True)
class Drawing:
    """How a piece is drawn: how gladly each kind of token is taken, and how often a kind's first or last."""

    seed: int
    likings: tuple[int, ...]
    extreme: float
    in_order: bool = False
    """Whether voices come one after the other without gaps, as encoded tracks do."""

    def write(self, staff: Staff) -> list[int]:
        """Draw tokens until the piece has ended; fails where nothing may come next."""
        rng = np.random.default_rng(self.seed)
        tokens: list[int] = []
        while not staff.ended:
            mask = staff.allowed()
            if self.in_order:
                _no_gaps(mask, tokens)
            tokens.append(self._next(mask, rng))
            staff.take(tokens[-1])
        return tokens

    def _next(self, mask: Mask, rng: Generator) -> int:
        found = np.flatnonzero(mask)
        assert len(found), "the piece is stuck"
        kinds = np.searchsorted(KINDS, found, side="right") - 1
        likings = np.array(self.likings, dtype=np.float64)[np.unique(kinds)]
        kind = rng.choice(np.unique(kinds), p=likings / likings.sum())
        ours = found[kinds == kind]
        if rng.random() < self.extreme:
            return int(ours[-1] if rng.random() < 0.5 else ours[0])
        return int(rng.choice(ours))


def _no_gaps(mask: Mask, tokens: Sequence[int]) -> None:
    """Let no voice in before those of lower numbers."""
    there = {token for token in tokens if VOICE <= token < VOICE + DRUM_VOICE}
    mask[VOICE + len(there) + 1 : VOICE + DRUM_VOICE] = False


def drawings(*, in_order: bool = False) -> st.SearchStrategy[Drawing]:
    """Any way to draw."""
    return st.builds(
        Drawing,
        seed=st.integers(0, 2**32),
        likings=st.tuples(*[st.sampled_from((1, 5, 50))] * (len(KINDS) - 1)),
        extreme=st.sampled_from((0.0, 0.3, 1.0)),
        in_order=st.just(in_order),
    )


bars = st.integers(1, 4)
bar_ticks = st.sampled_from(BAR_TICKS)
