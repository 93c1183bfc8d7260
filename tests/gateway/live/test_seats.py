"""A worker takes as many streams as it can answer in time, and says when it can't."""

from contextlib import ExitStack

import pytest

from rebracket.errors import Unavailable
from rebracket.gateway.live.seats import ENOUGH, RECENT_S, Seats, load
from rebracket.segment.live.grid import Grid

USUAL = Grid.of(44_100, 4.0, 0.5)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_usual_stream_is_the_measure() -> None:
    assert load(USUAL, 1) == pytest.approx(1, abs=0.07)


@pytest.mark.parametrize(
    ("grid", "channels"),
    [(USUAL, 2), (Grid.of(44_100, 4.0, 0.9), 1), (Grid.of(44_100, 30.0, 0.95), 1)],
)
def test_what_costs_more_counts_for_more(grid: Grid, channels: int) -> None:
    assert load(grid, channels) > 1.3 * load(USUAL, 1)


def test_seats_are_taken_up_to_the_limit_and_given_back() -> None:
    seats = Seats(3, max_lag_ms=100)
    with ExitStack() as held:
        for _ in range(3):
            held.enter_context(seats.taken(1))
        with pytest.raises(Unavailable) as refused, seats.taken(1):
            pass
        assert int(refused.value.headers["Retry-After"]) > 0
    with seats.taken(3):
        pass


def test_a_lone_stream_is_taken_whatever_it_costs() -> None:
    seats = Seats(1, max_lag_ms=100)
    with seats.taken(50), pytest.raises(Unavailable):
        seats.check()


def test_none_is_taken_while_windows_lag() -> None:
    clock = Clock()
    seats = Seats(100, max_lag_ms=100, clock=clock)
    for _ in range(ENOUGH - 1):
        seats.note(500)
    seats.check()
    seats.note(500)
    with pytest.raises(Unavailable):
        seats.check()
    clock.now += RECENT_S + 1
    seats.check()


def test_a_few_late_windows_are_no_reason() -> None:
    seats = Seats(100, max_lag_ms=100, clock=Clock())
    for number in range(100):
        seats.note(500 if number < 5 else 10)
    seats.check()
    seats.note(500)
    with pytest.raises(Unavailable):
        seats.check()
