"""What is asked for → pieces, written token by token within the grammar."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from rebracket.generation.sampling import Sampling, draw
from rebracket.inference.generator import GeneratorEngine
from rebracket.segment.bars import cut
from rebracket.segment.notes import Notes
from rebracket.segment.tokens import Staff
from rebracket.segment.tokens.condition import unconditioned
from rebracket.segment.tokens.staff import most_tokens
from rebracket.segment.tokens.vocabulary import BAR, PAD, PROGRAM, TICKS, ticks_in_bar

SIDE_BY_SIDE = 8
"""Pieces that are written at once at most: more would take more memory, and no less time each."""


class Abandoned(Exception):
    """Nobody waits for the pieces any more."""


@dataclass(frozen=True)
class Plan:
    """Pieces to be written.

    `condition` [CONDITION] says what they are asked to be; `guidance` how far what was asked is
    exaggerated, 1 not at all (classifier-free guidance, Ho & Salimans 2022). `opening` are tokens of
    `opening_bars` bars that the pieces go on from, and do not include.
    """

    seed: int
    pieces: int
    bars: int
    meter: tuple[int, int]
    condition: NDArray[np.float32]
    tempo: float = 120.0
    program: int | None = None
    sampling: Sampling = field(default_factory=Sampling)
    guidance: float = 1.0
    opening: tuple[int, ...] = ()
    opening_bars: int = 0

    @property
    def bar_ticks(self) -> int:
        """Ticks in a bar."""
        return ticks_in_bar(*self.meter)

    @property
    def work(self) -> int:
        """Tokens that all pieces take at most."""
        return self.pieces * (len(self.opening) + most_tokens(self.bars, self.bar_ticks))


def compose(
    engine: GeneratorEngine, plan: Plan, *, wanted: Callable[[], bool] = lambda: True
) -> list[Notes]:
    """The pieces; the same plan gives the same. Blocks.

    Raises:
        Abandoned: `wanted` said no.
    """
    staffs: list[Staff] = []
    for first in range(0, plan.pieces, SIDE_BY_SIDE):
        numbers = range(first, min(first + SIDE_BY_SIDE, plan.pieces))
        staffs += _write(engine, plan, numbers, wanted)
    return [_after_opening(staff, plan) for staff in staffs]


def _write(
    engine: GeneratorEngine, plan: Plan, numbers: Sequence[int], wanted: Callable[[], bool]
) -> list[Staff]:
    chances = [np.random.default_rng((plan.seed, number)) for number in numbers]
    staffs = [
        Staff(plan.opening_bars + plan.bars, plan.bar_ticks, plan.opening_bars) for _ in numbers
    ]
    guided = plan.guidance != 1.0
    asked = np.repeat(plan.condition[None], len(numbers), axis=0)
    if guided:
        asked = np.concatenate([asked, unconditioned(asked)])
    opening = plan.opening or (BAR,)
    places = [_opened(staff, opening) for staff in staffs]
    capacity = len(opening) + most_tokens(plan.bars, plan.bar_ticks)
    writing = engine.start(asked, capacity)
    tokens = np.repeat(np.array(opening)[None], len(asked), axis=0)
    rows = np.array(places, dtype=np.int64)
    times = 2 if guided else 1
    while True:
        logits = writing.feed(tokens, np.concatenate([rows] * times))
        if guided:
            asked_for, any_kind = np.split(logits, 2)
            logits = any_kind + plan.guidance * (asked_for - any_kind)
        if not wanted():
            raise Abandoned
        drawn = _next(logits, staffs, plan, chances)
        if all(staff.ended for staff in staffs):
            return staffs
        tokens = np.array(drawn * times, dtype=np.int64)[:, None]
        rows = np.array([[staff.place()] for staff in staffs], dtype=np.int64)


def _opened(staff: Staff, opening: Sequence[int]) -> list[list[int]]:
    """Write the opening; the places of its tokens."""
    found = []
    for token in opening:
        staff.take(token)
        found.append(staff.place())
    return found


def _next(
    logits: NDArray[np.float32], staffs: Sequence[Staff], plan: Plan, chances: Sequence[Generator]
) -> list[int]:
    """Draw and write a token of each piece; PAD where it has ended."""
    allowed = np.stack([staff.allowed() for staff in staffs])
    if plan.program is not None:
        for row, staff in enumerate(staffs):
            if not staff.is_voiced:
                others = allowed[row, PROGRAM : PROGRAM + 128]
                others &= np.arange(128) == plan.program
    drawn = draw(logits, allowed, plan.sampling, chances)
    for staff, token in zip(staffs, drawn, strict=True):
        if token != PAD:
            staff.take(token)
    return drawn


def _after_opening(staff: Staff, plan: Plan) -> Notes:
    """The bars that were asked for."""
    notes = staff.notes(tempo=plan.tempo, meter=plan.meter)
    before = plan.opening_bars * plan.bar_ticks / TICKS
    if not before:
        return notes
    return cut(notes, before, notes.length)
