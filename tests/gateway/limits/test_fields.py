"""Header fields that a client can plan with."""

from rebracket.gateway.limits.fields import fields, retry_after_s
from rebracket.gateway.limits.gcra import Charge, decide
from rebracket.rates import Rate

REQUESTS = Charge("a", "requests", Rate("60/minute"))
WORK = Charge("b", "work", Rate("1000/5m"), cost=400)


def test_each_policy_is_reported() -> None:
    decisions = [decide(9, REQUESTS, charged=True), decide(0, WORK, charged=True)]
    assert fields(decisions) == {
        "RateLimit-Policy": '"requests";q=60;w=60, "work";q=1000;qu="tokens";w=300',
        "RateLimit": '"requests";r=50;t=10, "work";r=600;t=120',
    }


def test_without_decisions_there_is_nothing_to_say() -> None:
    assert fields([]) == {}


def test_a_refusal_names_the_moment_of_its_retry_after() -> None:
    refused = decide(800, WORK, charged=False)
    assert fields([refused])["RateLimit"] == '"work";r=200;t=60'
    assert retry_after_s([refused]) == 60


def test_retry_after_waits_for_the_slowest_policy() -> None:
    used_up = decide(59, Charge("a", "requests", Rate("60/hour")), charged=True)
    refused = decide(601, WORK, charged=False)
    assert retry_after_s([refused]) == 1
    assert retry_after_s([used_up, refused]) == 60
