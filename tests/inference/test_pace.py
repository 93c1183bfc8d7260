"""The wait that is told follows from what was lately done."""

from rebracket.inference.pace import Pace


def test_a_second_is_told_before_anything_was_done() -> None:
    assert Pace(0.5).retry_after_s(10_000) == 1


def test_a_backlog_takes_as_long_as_it_does_at_the_measured_rate() -> None:
    pace = Pace(0.5)
    pace.learn(100, 1.0)
    assert (pace.retry_after_s(250), pace.retry_after_s(1)) == (3, 1)


def test_what_was_done_before_is_remembered_in_part() -> None:
    pace = Pace(0.75)
    pace.learn(100, 1.0)
    pace.learn(200, 1.0)
    assert pace.rate == 125.0


def test_work_that_took_no_time_is_no_division_by_zero() -> None:
    pace = Pace(0.5)
    pace.learn(1, 0.0)
    assert pace.retry_after_s(1_000) == 1
