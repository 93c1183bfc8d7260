"""Starts servers for a measurement, and finds what each costs."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil

PATIENCE_S = 180
PYTHON = sys.executable
ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "loadtests" / "results"


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    name: str
    port: int
    process: subprocess.Popen[bytes]

    def cpu_s(self) -> float:
        """Processor time of all its processes so far."""
        times = [process.cpu_times() for process in processes(self.process.pid)]
        return sum(item.user + item.system for item in times)

    def rss_mib(self) -> float:
        """Resident memory of all its processes, shared pages counted once a process."""
        return rss_bytes(self.process.pid) / 2**20


def processes(pid: int) -> list[psutil.Process]:
    """A server's, the first one's and all that it started."""
    first = psutil.Process(pid)
    return [first, *first.children(recursive=True)]


def rss_bytes(pid: int) -> int:
    """Resident memory of all a server's processes, shared pages counted once a process."""
    return sum(int(process.memory_info().rss) for process in processes(pid))


def ours(port: int, **settings: str) -> tuple[list[str], dict[str, str]]:
    """Command and environment of this service; settings are named without their prefix."""
    values = {"API__PORT": str(port), "AUTH__FAILURES": "null", **settings}
    environment = {f"REBRACKET_DEPLOYMENT__{name}": value for name, value in values.items()}
    return [PYTHON, "-m", "rebracket.cli", "serve"], environment


@contextmanager
def serving(name: str, port: int, command: list[str], extra: Mapping[str, str]) -> Iterator[Server]:
    """A server, ready to answer, until the block ends; fails where another one has its port."""
    _needs_free(port)
    environment = {**os.environ, **extra, "PYTHONPATH": str(ROOT)}
    with (
        tempfile.TemporaryDirectory() as metrics,  # BentoML wipes its own at each start
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment | {"PROMETHEUS_MULTIPROC_DIR": metrics},
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        ) as process,
    ):
        server = Server(name, port, process)
        try:
            wait(server)
            yield server
        finally:
            _stop(process)


def _needs_free(port: int) -> None:
    """Otherwise what is measured might be another run's server: sockets can share a port."""
    with suppress(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        raise SystemExit(f"port {port} is taken: is another load test running?")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end, then end whatever it leaves: not every server takes its children along."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(PATIENCE_S / 10)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def wait(server: Server) -> None:
    """Return once it answers a prediction; fail if it ended."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if server.process.poll() is not None:
            raise SystemExit(f"{server.name} ended")
        try:
            answer = httpx2.post(
                f"http://127.0.0.1:{server.port}/predict", json={"text": "a door"}, timeout=60
            )
            if answer.status_code in (200, 401):
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.2)
    raise SystemExit(f"{server.name} did not get ready")
