"""A real server with real worker processes."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from rebracket.gateway.key_store import KeyStore
from rebracket.rates import Rate
from rebracket.registry import ExportedModel
from tests.redis_server import free_port

ROOT = Path(__file__).parents[2]
PATIENCE_S = 300


class Server:
    """A running service."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def workers(self) -> list[psutil.Process]:
        """The processes that answer requests."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        return [child for child in children if _is_worker(child)]

    def wait(self) -> None:
        """Return once the server is ready."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            assert self.process.poll() is None, "the server ended"
            try:
                if httpx2.get(f"{self.url}/readyz", timeout=5).status_code == 200:
                    return
            except httpx2.TransportError:
                time.sleep(0.1)
        raise TimeoutError("the server did not get ready")


def _is_worker(process: psutil.Process) -> bool:
    try:
        return "_bentoml_impl.worker.service" in process.cmdline()
    except psutil.NoSuchProcess:  # dead, or dead and not taken note of yet
        return False


Start = Callable[..., "Iterator[Server]"]


@contextmanager
def serving(*command: str, log: str | None = None, **settings: str) -> Iterator[Server]:
    """Serve with `command`; settings are environment variables without their prefix.

    What it says on standard error goes into the file `log`, else to the terminal.
    """
    port = int(settings.get("API__PORT") or free_port())
    environment = {
        **os.environ,
        "REBRACKET_DEPLOYMENT__API__PORT": str(port),
        **{f"REBRACKET_DEPLOYMENT__{name}": value for name, value in settings.items()},
    }
    environment.pop("PROMETHEUS_MULTIPROC_DIR")
    with open(log, "wb") if log else nullcontext() as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=ROOT, env=environment, stderr=errors
        )
    server = Server(process, port)
    try:
        server.wait()
        yield server
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def both_homes(**settings: str) -> Any:
    """A fixture for a module: a server without keys and limits, in each home of the runner."""

    @pytest.fixture(scope="module", params=["embedded", "service"], name="home")
    def home(request: pytest.FixtureRequest, exported: ExportedModel) -> Iterator[Server]:
        assert exported.version
        open_to_all = {"AUTH__ENABLED": "false", "RATE_LIMIT__ENABLED": "false"}
        with serving(
            "rebracket.cli", "serve", RUNNER=request.param, **open_to_all, **settings
        ) as server:
            yield server

    return home


@pytest.fixture(scope="package")
def headers(api_key: str) -> dict[str, str]:
    """What opens every route."""
    return {"Authorization": f"Bearer {api_key}"}


@pytest.fixture(scope="package")
def server(exported: ExportedModel) -> Iterator[Server]:
    """`rebracket serve` with two workers."""
    assert exported.version
    with serving("rebracket.cli", "serve", WORKERS="2") as server:
        yield server


@pytest.fixture(scope="module")
def share(key_store: KeyStore) -> str:
    """A key made before any server starts, so that every worker knows it from the beginning."""
    return str(key_store.create("share", ("predict",), rate=Rate("100/day")).key)
