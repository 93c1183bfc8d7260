"""A real redis-server for tests."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from tests.programs import program

BINARY = "redis-server"


def binary() -> str:
    """Where redis-server is; a user's tests are skipped without it, CI's fail."""
    return program(BINARY, BINARY)


@contextmanager
def running(folder: Path, port: int) -> Iterator[str]:
    """Serve without persistence on a port of this machine; yields the URL."""
    options = {
        "--port": str(port),
        "--bind": "127.0.0.1",
        "--save": "",
        "--appendonly": "no",
        "--dir": str(folder),
    }
    command = [binary(), *(part for option in options.items() for part in option)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            retry = Retry(ConstantBackoff(0.05), 400)
            with Redis(port=port, retry=retry) as client:
                client.ping()
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
