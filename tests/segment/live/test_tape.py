"""A tape keeps the rows between its ends, at their positions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebracket.segment.live.tape import Tape

EMPTY = np.empty((0, 2), dtype=np.float32)
steps = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 400)), max_size=60)


def rows(start: int, end: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.repeat(np.arange(start, end, dtype=np.float32)[:, None], 2, axis=1)


@given(st.integers(0, 10**6), steps)
def test_rows_are_where_they_were_put(start: int, steps: list[tuple[int, int]]) -> None:
    tape, end, kept = Tape(start, EMPTY), start, start
    for more, gone in steps:
        tape.add(rows(end, end + more))
        end += more
        kept = min(end, max(kept, kept + gone - 100))
        tape.forget(kept)
        assert (tape.start, tape.end) == (kept, end)
        np.testing.assert_array_equal(tape.part(kept, end), rows(kept, end))


def test_what_was_forgotten_takes_no_room() -> None:
    tape = Tape(0, EMPTY)
    for at in range(0, 100_000, 100):
        tape.add(rows(at, at + 100))
        tape.forget(at)
    base = tape.part(tape.start, tape.end).base
    assert base is not None
    assert len(base) < 1000


def test_forgotten_rows_cannot_be_had() -> None:
    tape = Tape(0, EMPTY)
    tape.add(rows(0, 10))
    tape.forget(4)
    with pytest.raises(AssertionError):
        tape.part(3, 10)
