"""Which route needs what, and where a caller puts its key."""

from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Literal

from starlette.datastructures import Headers
from starlette.types import Scope as Connection

from rebracket.gateway.keys import Scope

OPEN = frozenset({"/health", "/livez", "/healthz", "/readyz"})
STREAM = "/stream"
NEEDS: dict[str, Scope] = {
    "/predict": "predict",
    "/predict_batch": "predict",
    "/generate": "generate",
    STREAM: "stream",
    "/experiments": "admin",
    "/admin/reload": "admin",
}
METRICS = "/metrics"

MetricsAccess = Literal["local", "admin", "open"]


def is_open(connection: Connection, metrics: MetricsAccess) -> bool:
    """Whether a connection needs no key."""
    path = connection["path"]
    if path == METRICS and metrics != "admin":
        return metrics == "open" or is_local(connection)
    return path in OPEN


def needed_scope(path: str) -> Scope | None:
    """The scope that a path needs; None: any key will do."""
    return "admin" if path == METRICS else NEEDS.get(path)


def is_local(connection: Connection) -> bool:
    """Whether the peer is on this machine."""
    address = client_address(connection)
    return address is not None and address.is_loopback


def client_address(connection: Connection) -> IPv4Address | IPv6Address | None:
    """The peer's address; behind a trusted proxy, the one that the proxy names."""
    return _parsed((connection.get("client") or ("",))[0])


@lru_cache
def _parsed(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def neighbourhood(connection: Connection) -> str:
    """What counts as one address: of IPv6 the /64 network, which is one customer's."""
    address = client_address(connection)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address)


def credential(headers: Headers) -> str | None:
    """The key that a caller sent; None where there is none, or several that differ."""
    found = set(_credentials(headers))
    return found.pop() if len(found) == 1 else None


def _credentials(headers: Headers) -> Iterator[str]:
    for value in headers.getlist("authorization"):
        kind, _, text = value.partition(" ")
        yield text.strip() if kind.lower() == "bearer" else ""
    for value in headers.getlist("x-api-key"):
        yield value.strip()
