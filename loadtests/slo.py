"""Whether what was seen under load keeps to a profile's objective."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Literal

from loadtests.profiles import SPIKE, Profile

MEMORY = 1.1
"""Of the memory before a spike, what may be left in use at the end."""
MIB = 2**20

Outcome = Literal["ok", "rejected", "failed"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answered request: seconds after the start at which it was sent, and how long it took."""

    sent_s: float
    ms: float
    outcome: Outcome


def judge(answers: Sequence[Answer], profile: Profile) -> list[str]:
    """What was not met, in words."""
    if not answers:
        return ["nothing was answered"]
    wanted = profile.objective
    found = []
    failed = sum(answer.outcome == "failed" for answer in answers) / len(answers)
    if failed > wanted.error_rate:
        found.append(f"{failed:.2%} of requests failed ({wanted.error_rate:.2%} allowed)")
    p95 = percentile_95(answers)
    if not p95 <= wanted.p95_ms:
        found.append(f"p95 is {p95:.0f} ms ({wanted.p95_ms:.0f} allowed)")
    if wanted.recovery is not None:
        first, last = (_in_stage(answers, profile, index) for index in (0, -1))
        before, after = percentile_95(first), percentile_95(last)
        if not after <= wanted.recovery * before:
            found.append(
                f"p95 after the spike is {after:.0f} ms, {before:.0f} before it "
                f"({wanted.recovery} × allowed)"
            )
    return found


def judge_memory(before: float, after: float, profile: Profile) -> list[str]:
    """What a spike left in use, in bytes."""
    if any(stage.name == SPIKE for stage in profile.stages) and after > MEMORY * before:
        share = after / before - 1
        return [
            f"{after / MIB:.0f} MiB in use at the end, {share:.0%} more than the {before / MIB:.0f} before"
        ]
    return []


def percentile_95(answers: Sequence[Answer]) -> float:
    """Milliseconds of those that were not turned away; not a number if all were."""
    times = [answer.ms for answer in answers if answer.outcome == "ok"]
    if not times:
        return float("nan")
    return quantiles([*times, times[-1]], n=20, method="inclusive")[18]


def _in_stage(answers: Sequence[Answer], profile: Profile, index: int) -> list[Answer]:
    wanted = profile.stages[index]
    return [answer for answer in answers if profile.stage(answer.sent_s) == wanted]
