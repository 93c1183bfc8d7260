"""Starts every candidate's server, and finds what each costs."""

import os
import signal
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

from loadtests.bench.peers.model import FOLDER

PATIENCE_S = 180
PYTHON = sys.executable
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Server:
    """A running candidate."""

    name: str
    port: int
    process: subprocess.Popen[bytes]

    def _processes(self) -> Iterator[psutil.Process]:
        parent = psutil.Process(self.process.pid)
        yield parent
        yield from parent.children(recursive=True)

    def cpu_s(self) -> float:
        """Processor time of all its processes so far."""
        times = [process.cpu_times() for process in self._processes()]
        return sum(item.user + item.system for item in times)

    def rss_mib(self) -> float:
        """Resident memory of all its processes, shared pages counted once a process."""
        return sum(process.memory_info().rss for process in self._processes()) / 2**20


def ours(port: int, runner: str) -> tuple[list[str], dict[str, str]]:
    """This service with the runner in one of its homes."""
    values = {"API__PORT": str(port), "RUNNER": runner, "AUTH__FAILURES": "null"}
    environment = {f"REBRACKET_DEPLOYMENT__{name}": value for name, value in values.items()}
    return [PYTHON, "-m", "rebracket.cli", "serve"], environment


def commands(first_port: int) -> dict[str, tuple[int, list[str], dict[str, str]]]:
    """Port, command and environment of each candidate."""
    peers = "loadtests.bench.peers"
    port = first_port
    fastapi = [f"{peers}.fastapi_app:app", "--port", str(port + 2), "--log-level", "warning"]
    bento = [f"{peers}.bentoml_app:Peer", "--port", str(port + 4)]
    return {
        "embedded": (port, *ours(port, "embedded")),
        "service": (port + 1, *ours(port + 1, "service")),
        "fastapi": (port + 2, [PYTHON, "-m", "uvicorn", *fastapi], {}),
        "litserve": (port + 3, [PYTHON, "-m", f"{peers}.litserve_app", str(port + 3)], {}),
        "bentoml": (port + 4, [PYTHON, "-m", "bentoml", "serve", *bento], {}),
    }


@contextmanager
def serving(name: str, port: int, command: list[str], extra: Mapping[str, str]) -> Iterator[Server]:
    """A candidate, ready to answer, until the block ends."""
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


def model_folder(path: Path) -> None:
    """Tell the peers where the exported model lies."""
    os.environ[FOLDER] = str(path)
