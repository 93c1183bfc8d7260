"""A port that one server takes and that closes, as a real socket."""

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from socket import create_connection, create_server, socket

import pytest

from rebracket.config import Api
from rebracket.errors import ConfigError
from rebracket.gateway.port import claimed, close, ignore_newcomers, waiting

PATIENCE_S = 60
pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere a port is just bound and closed"
)


@pytest.fixture
def listener() -> Iterator[socket]:
    with create_server(("127.0.0.1", 0)) as found:
        found.settimeout(PATIENCE_S)
        yield found


def test_who_had_connected_is_let_in_and_heard(listener: socket) -> None:
    with create_connection(listener.getsockname()) as client:
        client.sendall(b"hello")
        ignore_newcomers(listener)
        assert waiting(listener) == 1
        taken, _ = listener.accept()
        with taken:
            assert taken.recv(5) == b"hello"
        assert waiting(listener) == 0


def test_a_newcomer_is_not_connected_and_then_refused(listener: socket) -> None:
    if not ignore_newcomers(listener):
        pytest.skip("this system allows no filter")
    with ThreadPoolExecutor(1) as pool:
        connecting = pool.submit(create_connection, listener.getsockname(), PATIENCE_S)
        time.sleep(0.2)  # on one machine a connection needs a thousandth of that
        assert not connecting.done()
        close(listener)
        with pytest.raises(ConnectionRefusedError):
            connecting.result()


def test_a_port_that_was_never_opened_is_closed_without_a_word() -> None:
    with socket() as bound:
        bound.bind(("127.0.0.1", 0))
        assert waiting(bound) == 0
        close(bound)
        with pytest.raises(ConnectionRefusedError):
            create_connection(bound.getsockname(), PATIENCE_S)


def test_one_server_at_a_time_claims_a_port() -> None:
    api = Api(port=8123)
    other = Api.model_validate({"host": "127.0.0.2", "port": 8123})
    with (
        claimed(api),
        claimed(other),
        pytest.raises(ConfigError, match="8123 is in use"),
        claimed(api),
    ):
        pass
    with claimed(api) as claim:
        claim.close()
        with claimed(api):
            pass
