"""`RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10), and when to come again.

`r` units may be used before `t` seconds have passed; an answer that refuses has the same `t` as its
`Retry-After`.
"""

from collections.abc import Collection
from math import ceil

from rebracket.gateway.limits.gcra import Decision


def fields(decisions: Collection[Decision]) -> dict[str, str]:
    """The header fields that report decisions, one a policy; none without decisions."""
    if not decisions:
        return {}
    return {
        "RateLimit-Policy": ", ".join(map(_policy, decisions)),
        "RateLimit": ", ".join(map(_state, decisions)),
    }


def retry_after_s(decisions: Collection[Decision]) -> int:
    """Whole seconds after which the refused request passes, if nothing else is sent meanwhile."""
    return max(1, ceil(max(decision.retry_after_s or decision.next_s for decision in decisions)))


def _policy(decision: Decision) -> str:
    rate = decision.charge.rate
    unit = ';qu="tokens"' if decision.charge.policy == "work" else ""
    return f'"{decision.charge.policy}";q={rate.amount}{unit};w={rate.period_s}'


def _state(decision: Decision) -> str:
    reset_s = decision.full_s if decision.allowed else decision.retry_after_s
    return f'"{decision.charge.policy}";r={decision.remaining};t={ceil(reset_s)}'
