"""Load tests measure the server that they started."""

import socket
import sys

import pytest

from loadtests.servers import serving


def test_a_port_that_another_server_has_is_not_measured() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ending = [sys.executable, "-c", "pass"]
        with (
            pytest.raises(SystemExit, match=f"port {port} is taken"),
            serving("x", port, ending, {}),
        ):
            pass


def test_a_server_that_ends_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ending = [sys.executable, "-c", "pass"]
    with pytest.raises(SystemExit, match="x ended"), serving("x", port, ending, {}):
        pass
