"""A port in use or a strange host is found by binding it, and nothing stays bound."""

import errno
import socket
from collections.abc import Iterator

import pytest

from rebracket.config import Api
from rebracket.preflight.address import problems
from tests.redis_server import free_port


def api(host: str, port: int) -> Api:
    return Api.model_validate({"host": host, "port": port})


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another server listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])  # noqa: S104
def test_a_port_that_another_server_listens_on_is_in_use(taken: int, host: str) -> None:
    assert list(problems(api(host, taken))) == [f"deployment.api.port: {taken} is in use on {host}"]


def test_a_server_that_shares_its_port_does_not_share_it_with_us() -> None:
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as server:
        port = server.getsockname()[1]
        assert list(problems(api("127.0.0.1", port)))


def test_a_free_port_is_no_problem_and_stays_free() -> None:
    port = free_port()
    for _ in range(2):
        assert list(problems(api("127.0.0.1", port))) == []


def test_a_port_that_was_just_in_use_is_free(taken: int) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)) as server:
        client = socket.create_connection(("127.0.0.1", port))
        served, _ = server.accept()
        served.close()  # the server's side ends first: its port waits for stray packets
        client.close()
    assert port != taken
    assert list(problems(api("127.0.0.1", port))) == []


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
def test_a_host_of_another_machine_is_named(host: str) -> None:
    assert list(problems(api(host, free_port()))) == [
        f"deployment.api.host: {host} is no address of this machine"
    ]


@pytest.mark.parametrize(
    ("code", "line"),
    [
        (errno.EACCES, "deployment.api.port: 80 is for privileged processes"),
        (errno.ENOBUFS, "deployment.api: 127.0.0.1, 80: No buffer space available"),
    ],
)
def test_what_else_the_system_says_is_a_line(
    monkeypatch: pytest.MonkeyPatch, code: int, line: str
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, "No buffer space available")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    assert list(problems(api("127.0.0.1", 80))) == [line]
