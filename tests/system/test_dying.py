"""What ends: a worker that is killed, and a server that is told to."""

import re
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psutil
import pytest

from rebracket.registry import ExportedModel
from tests.system.conftest import Server, serving

PATIENCE_S = 120
OPEN = {"AUTH__ENABLED": "false", "RATE_LIMIT__ENABLED": "false"}
BODY = b'{"text": "A door inside a drawer."}'
LENGTH = f"Content-Length: {len(BODY)}\r\n\r\n"


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def readiness(server: Server) -> int | None:
    """The status of /readyz; None where the port is closed."""
    try:
        return httpx2.get(f"{server.url}/readyz", timeout=PATIENCE_S).status_code
    except httpx2.TransportError:
        return None


@pytest.fixture
def contained(monkeypatch: pytest.MonkeyPatch, exported: ExportedModel) -> Iterator[Server]:
    """Two workers, where BentoML believes itself in a container, in which it replaces none."""
    assert exported.version
    monkeypatch.setenv("BENTOML_CONTAINERIZED", "true")
    with serving("rebracket.cli", "serve", WORKERS="2", **OPEN) as server:
        yield server


def test_a_killed_worker_is_replaced_in_a_container_too(contained: Server) -> None:
    killed, stays = contained.workers()
    killed.kill()
    until(lambda: {worker.pid for worker in contained.workers()} - {killed.pid, stays.pid} != set())
    assert stays.is_running()
    answer = httpx2.post(f"{contained.url}/predict", json={"text": "a door"}, timeout=PATIENCE_S)
    assert answer.status_code == 200


def test_all_workers_killed_are_replaced(contained: Server) -> None:
    """Who asks meanwhile waits: the port stays open."""
    killed = {worker.pid for worker in contained.workers()}
    for worker in contained.workers():
        worker.kill()
    answer = httpx2.post(f"{contained.url}/predict", json={"text": "a door"}, timeout=PATIENCE_S)
    assert answer.status_code == 200
    until(lambda: len({worker.pid for worker in contained.workers()} - killed) == 2)


def test_a_server_that_ends_says_so_while_it_still_answers(exported: ExportedModel) -> None:
    assert exported.version
    with serving("rebracket.cli", "serve", API__NOTICE_S="5", **OPEN) as server:
        server.process.terminate()
        until(lambda: readiness(server) == 503)
        answer = httpx2.get(f"{server.url}/readyz", timeout=PATIENCE_S)
        assert (answer.json()["type"].rpartition("/")[2], answer.headers["retry-after"]) == (
            "draining",
            "1",
        )
        assert not httpx2.get(f"{server.url}/health", timeout=PATIENCE_S).json()["ready"]
        predict = httpx2.post(f"{server.url}/predict", json={"text": "a"}, timeout=PATIENCE_S)
        assert (predict.status_code, predict.headers["connection"]) == (200, "close")
        until(lambda: readiness(server) is None)
        assert server.process.wait(PATIENCE_S) == 0


@contextmanager
def half_sent(server: Server) -> Iterator[socket.socket]:
    """A request of which the last byte has not come."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as connection:
        head = f"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n{LENGTH}"
        connection.sendall(head.encode() + BODY[:-1])
        until(lambda: under_way(server) == 1)
        yield connection


def under_way(server: Server) -> int:
    """Requests to /predict that are not answered yet."""
    text = httpx2.get(f"{server.url}/metrics", timeout=PATIENCE_S).text
    gauge = r'^bentoml_service_request_in_progress\{endpoint="/predict",.*\} (\S+)$'
    return sum(int(float(n)) for n in re.findall(gauge, text, re.MULTILINE))


@pytest.mark.parametrize("runner", ["embedded", "service"])
def test_a_request_under_way_is_answered_before_the_end(
    exported: ExportedModel, runner: str
) -> None:
    assert exported.version
    with (
        serving("rebracket.cli", "serve", RUNNER=runner, **OPEN) as server,
        half_sent(server) as connection,
    ):
        server.process.terminate()
        until(lambda: readiness(server) is None)
        connection.sendall(BODY[-1:])
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
        assert server.process.wait(PATIENCE_S) == 0


def test_a_request_without_an_end_does_not_keep_the_server(
    exported: ExportedModel, tmp_path: Path
) -> None:
    assert exported.version
    log = tmp_path / "log"
    with (
        serving("rebracket.cli", "serve", log=str(log), API__DRAIN_S="1", **OPEN) as server,
        half_sent(server) as connection,
    ):
        server.process.terminate()
        assert connection.recv(100).startswith(b"HTTP/1.1 503")
        assert server.process.wait(PATIENCE_S) == 0
    assert "Traceback" not in log.read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing tells workers of it")
@pytest.mark.parametrize("runner", ["embedded", "service"])
def test_workers_end_when_the_process_above_them_is_killed(
    exported: ExportedModel, runner: str
) -> None:
    assert exported.version
    with serving("rebracket.cli", "serve", WORKERS="2", RUNNER=runner, **OPEN) as server:
        children = psutil.Process(server.process.pid).children(recursive=True)
        server.process.kill()
        server.process.wait()
        _, left = psutil.wait_procs(children, PATIENCE_S)
        assert not left
        again = {"API__PORT": str(server.port), "RUNNER": runner, **OPEN}
        with serving("rebracket.cli", "serve", **again) as after:
            assert readiness(after) == 200


def test_a_request_under_way_is_answered_although_the_process_above_was_killed(
    exported: ExportedModel,
) -> None:
    assert exported.version
    with serving("rebracket.cli", "serve", **OPEN) as server, half_sent(server) as connection:
        server.process.kill()
        until(lambda: readiness(server) is None)
        connection.sendall(BODY[-1:])
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
