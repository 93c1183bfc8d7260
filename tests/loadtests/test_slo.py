"""Load tests fail when what was promised is not kept, and name it."""

import pytest

from loadtests.profiles import PROFILES, Objective, Profile, Stage
from loadtests.slo import Answer, judge, judge_memory

SHORT = Profile((Stage("only", 10, 1),), {}, Objective(p95_ms=100, error_rate=0.01))
SPIKE = Profile(
    (
        Stage("before", 10, 1),
        Stage("spike", 10, 10),
        Stage("settling", 5, 1),
        Stage("after", 10, 1),
    ),
    {},
    Objective(p95_ms=1000, recovery=1.5),
)


def answers(count: int, *, ms: float = 10, at: float = 0, outcome: str = "ok") -> list[Answer]:
    return [Answer(at, ms, outcome) for _ in range(count)]  # type: ignore[arg-type]


def test_quick_answers_will_do() -> None:
    assert judge(answers(100), SHORT) == []


def test_slow_answers_are_named_with_their_percentile() -> None:
    assert judge(answers(90) + answers(10, ms=300), SHORT) == ["p95 is 300 ms (100 allowed)"]


def test_a_failure_in_twenty_is_too_many() -> None:
    assert judge(answers(95) + answers(5, outcome="failed"), SHORT) == [
        "5.00% of requests failed (1.00% allowed)"
    ]


def test_those_turned_away_neither_fail_nor_count_as_quick() -> None:
    assert judge(answers(10) + answers(90, ms=1, outcome="rejected"), SHORT) == []
    (reason,) = judge(answers(10, outcome="rejected"), SHORT)
    assert "p95 is nan" in reason


def test_silence_is_not_success() -> None:
    assert judge([], SHORT) == ["nothing was answered"]


def test_a_spike_may_leave_nothing_behind() -> None:
    calm, busy = answers(50), answers(50, ms=900, at=15)
    assert judge(calm + busy + answers(50, ms=14, at=27), SPIKE) == []
    (reason,) = judge(calm + busy + answers(50, ms=40, at=27), SPIKE)
    assert reason == "p95 after the spike is 40 ms, 10 before it (1.5 × allowed)"


def test_the_time_to_recover_in_is_not_judged() -> None:
    settling = answers(20, ms=900, at=22)
    assert judge(answers(300) + settling[:5] + answers(50, at=27), SPIKE) == []


def test_memory_that_a_spike_keeps_is_named() -> None:
    assert judge_memory(100 * 2**20, 109 * 2**20, SPIKE) == []
    assert judge_memory(100 * 2**20, 120 * 2**20, SHORT) == []
    assert judge_memory(100 * 2**20, 120 * 2**20, SPIKE) == [
        "120 MiB in use at the end, 20% more than the 100 before"
    ]


@pytest.mark.parametrize("name", PROFILES)
def test_stages_follow_one_another_and_end(name: str) -> None:
    profile = PROFILES[name].shortened(0.5)
    assert profile.seconds == PROFILES[name].seconds / 2
    assert profile.stage(0) == profile.stages[0]
    assert profile.stage(profile.seconds - 0.01) == profile.stages[-1]
    assert profile.stage(profile.seconds) is None
