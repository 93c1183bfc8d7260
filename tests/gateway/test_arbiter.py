"""The port as the process above the workers holds it, as a real socket."""

import os
from collections.abc import Iterator
from socket import AF_INET, AF_INET6, create_connection, socket

import pytest
from circus.sockets import CircusSocket

from rebracket.gateway.arbiter import Door

PATIENCE_S = 60


@pytest.fixture(params=[(AF_INET, "127.0.0.1"), (AF_INET6, "::1")], ids=["IPv4", "IPv6"])
def door(request: pytest.FixtureRequest) -> Iterator[Door]:
    family, host = request.param
    with Door.instead_of(CircusSocket("api", host, 0, family, backlog=10)) as door:
        try:
            door.bind_and_listen()
        except OSError:
            pytest.skip(f"{host} is no address of this machine")
        yield door


def test_a_port_is_closed_until_a_worker_opens_it(door: Door) -> None:
    address = (door.host, door.port)
    with pytest.raises(ConnectionRefusedError):
        create_connection(address, PATIENCE_S)
    with socket(fileno=os.dup(door.fileno())) as workers:
        workers.listen(door.backlog)
        create_connection(address, PATIENCE_S).close()


def test_it_stays_open_when_that_worker_is_gone(door: Door) -> None:
    with socket(fileno=os.dup(door.fileno())) as workers:
        workers.listen(door.backlog)
    create_connection((door.host, door.port), PATIENCE_S).close()


def test_workers_inherit_it(door: Door) -> None:
    assert door.get_inheritable()
    assert (door.name, door.backlog) == ("api", 10)
