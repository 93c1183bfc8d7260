"""A port that closes, as a real socket."""

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from socket import SHUT_RDWR, create_connection, create_server, socket

import pytest

from rebracket.gateway.port import ignore_newcomers, waiting

PATIENCE_S = 60
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a port just closes")


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
        listener.shutdown(SHUT_RDWR)
        with pytest.raises(ConnectionRefusedError):
            connecting.result()
