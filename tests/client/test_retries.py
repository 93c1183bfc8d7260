"""Waits have full jitter, obey Retry-After, and end with the attempts or the time."""

import pytest

from rebracket.client import retries
from rebracket.client.retries import ONCE, Attempts, Retries
from rebracket.errors import Busy, CallError, Refused, TimedOut, Unreachable, UnreadableAnswer

LOST = Unreachable("lost", request_id="r")


def refused(kind: type[Refused], status: int) -> Refused:
    return kind("detail", request_id="r", status=status, title="title")


def busy(retry_after_s: float) -> Busy:
    error = Busy("detail", request_id="r", status=429, title="title")
    error.retry_after_s = retry_after_s
    return error


@pytest.fixture
def highest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chance falls as high as it can."""
    monkeypatch.setattr(retries, "uniform", lambda _, high: high)


@pytest.mark.usefixtures("highest")
def test_the_bound_doubles_up_to_its_cap() -> None:
    policy = Retries(attempts=7, base_s=0.5, cap_s=3)
    assert [policy.wait_s(LOST, made) for made in range(1, 7)] == [0.5, 1, 2, 3, 3, 3]


def test_jitter_is_full() -> None:
    waits = [Retries(base_s=1, cap_s=1).wait_s(LOST, 1) or 0 for _ in range(500)]
    assert 0 <= min(waits) < 0.1
    assert 0.9 < max(waits) <= 1


@pytest.mark.usefixtures("highest")
def test_jitter_comes_on_top_of_retry_after() -> None:
    assert Retries(base_s=0.5).wait_s(busy(3), 1) == 3.5


@pytest.mark.parametrize(
    "error",
    [
        TimedOut("late", request_id="r"),
        UnreadableAnswer("html", request_id="r"),
        refused(Refused, 500),
        refused(Refused, 504),
    ],
)
def test_what_a_repetition_would_not_mend_is_final(error: CallError) -> None:
    assert Retries().wait_s(error, 1) is None


def test_attempts_are_counted() -> None:
    assert Retries(attempts=2).wait_s(LOST, 1) is not None
    assert Retries(attempts=2).wait_s(LOST, 2) is None
    assert ONCE.wait_s(LOST, 1) is None


def test_a_wait_that_would_outlast_the_time_is_not_begun() -> None:
    with pytest.raises(Busy):
        Attempts(Retries(), total_s=10).wait_s(busy(11))
    assert Attempts(Retries(), total_s=60).wait_s(busy(11)) >= 11
