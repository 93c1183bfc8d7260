"""What is open, what needs which scope, and where keys are looked for."""

from typing import Any

import pytest
from starlette.datastructures import Headers

from rebracket.gateway.access import MetricsAccess, credential, is_open, needed_scope, neighbourhood


def connection(path: str, client: Any = ("203.0.113.9", 1)) -> dict[str, Any]:
    return {"type": "http", "path": path, "client": client}


@pytest.mark.parametrize("path", ["/health", "/livez", "/readyz", "/healthz"])
def test_health_is_open(path: str) -> None:
    assert is_open(connection(path), "admin")


@pytest.mark.parametrize(
    "path", ["/", "/predict", "/models", "/docs.json", "/health/", "/health\n", "//health"]
)
def test_all_else_is_closed(path: str) -> None:
    assert not is_open(connection(path, ("127.0.0.1", 1)), "open")


@pytest.mark.parametrize(
    ("setting", "client", "opened"),
    [
        ("local", ("127.0.0.1", 1), True),
        ("local", ("::1", 1), True),
        ("local", ("::ffff:127.0.0.1", 1), True),
        ("local", ("10.0.0.1", 1), False),
        ("local", ("testclient", 1), False),
        ("local", None, False),
        ("admin", ("127.0.0.1", 1), False),
        ("open", ("10.0.0.1", 1), True),
    ],
)
def test_metrics_are_open_as_the_setting_says(
    setting: MetricsAccess, client: Any, opened: bool
) -> None:
    assert is_open(connection("/metrics", client), setting) == opened


def test_routes_need_their_scope() -> None:
    assert needed_scope("/predict") == needed_scope("/predict_batch") == "predict"
    assert needed_scope("/metrics") == needed_scope("/experiments") == "admin"
    assert needed_scope("/models") is None


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ([], None),
        ([("authorization", "Bearer rb_a")], "rb_a"),
        ([("authorization", "bearer  rb_a ")], "rb_a"),
        ([("x-api-key", "rb_a")], "rb_a"),
        ([("authorization", "Bearer rb_a"), ("x-api-key", "rb_a")], "rb_a"),
        ([("authorization", "Bearer rb_a"), ("x-api-key", "rb_b")], None),
        ([("x-api-key", "rb_a"), ("x-api-key", "rb_b")], None),
        ([("authorization", "Basic rb_a"), ("x-api-key", "rb_a")], None),
        ([("authorization", "Basic rb_a")], ""),
    ],
)
def test_one_key_is_found_or_none(headers: list[tuple[str, str]], found: str | None) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers]
    assert credential(Headers(raw=raw)) == found


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("testclient", "None"),
    ],
)
def test_an_ipv6_network_counts_as_one_address(address: str, counted_as: str) -> None:
    assert neighbourhood(connection("/", (address, 1))) == counted_as
