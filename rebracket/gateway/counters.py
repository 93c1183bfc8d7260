"""What the gateway counts, for `/metrics`."""

from prometheus_client import Counter

REJECTIONS = Counter(
    "rebracket_rejections_total", "Requests refused by the gateway, by reason.", ["reason"]
)
LIMITER_FAILURES = Counter(
    "rebracket_limiter_failures_total",
    "Decisions made without the limits' storage, as deployment.rate_limit.on_failure says.",
)
