"""Docker or podman, whichever works here, and a container of the image under test."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.redis_server import free_port

ROOT = Path(__file__).parents[2]
IMAGE = "rebracket:test"
PATIENCE_S = 300
WORKERS = """
import psutil
for process in psutil.process_iter(["cmdline"]):
    if "_bentoml_impl.worker.service" in (process.info["cmdline"] or ()):
        print(process.pid)
"""


def engine() -> str:
    """What builds and runs containers; without it the tests are skipped, with the reason."""
    for name in ("docker", "podman"):
        if (
            shutil.which(name)
            and subprocess.run([name, "info"], check=False, capture_output=True).returncode == 0
        ):
            return name
    pytest.skip("neither docker nor podman works here")


def build(engine: str) -> None:
    """The image, as users build it."""
    environment = {**os.environ}
    environment.pop("PROMETHEUS_MULTIPROC_DIR", None)
    command = ["make", "container", f"BACKEND={engine}", f"IMAGE={IMAGE}"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


class Container:
    """A running container; it shares the host's network."""

    def __init__(self, engine: str, name: str, port: int) -> None:
        self.engine = engine
        self.name = name
        self.url = f"http://127.0.0.1:{port}"
        self.process: subprocess.Popen[bytes] | None = None

    def run(self, *command: str) -> str:
        """What a command in the container prints."""
        full = [self.engine, "exec", self.name, *command]
        return subprocess.run(full, capture_output=True, text=True, check=True).stdout

    def workers(self) -> set[int]:
        """The processes that answer requests, as they are numbered inside."""
        return {int(line) for line in self.run("python", "-c", WORKERS).split()}

    def signal(self, name: str) -> None:
        """Send a signal to the first process."""
        subprocess.run(
            [self.engine, "kill", "--signal", name, self.name], check=True, capture_output=True
        )

    def wait(self) -> int:
        """The exit code, once it has ended."""
        assert self.process is not None
        return self.process.wait(PATIENCE_S)

    def ready(self) -> int | None:
        """The status of /readyz; None where nobody listens."""
        try:
            return httpx2.get(f"{self.url}/readyz", timeout=PATIENCE_S).status_code
        except httpx2.TransportError:
            return None

    def healthcheck(self) -> list[str]:
        """How the image says that a container's health is found."""
        command = [self.engine, "image", "inspect", IMAGE]
        (found,) = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
        check = found.get("Healthcheck") or found["Config"]["Healthcheck"]
        return [str(part) for part in check["Test"]]


@contextmanager
def volume(engine: str) -> Iterator[str]:
    """An empty volume."""
    name = f"rebracket-test-{os.getpid()}"
    subprocess.run([engine, "volume", "create", name], check=True, capture_output=True)
    try:
        yield name
    finally:
        subprocess.run([engine, "volume", "rm", "--force", name], check=True, capture_output=True)


@contextmanager
def running(engine: str, volume: str, **settings: str) -> Iterator[Container]:
    """The image with a read-only root and no rights, and one volume; yields when it is ready."""
    port = free_port()
    container = Container(engine, f"{volume}-{port}", port)
    variables = {"REBRACKET_DEPLOYMENT__API__PORT": str(port), **settings}
    strict = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
    if engine == "podman":
        strict += ["--read-only-tmpfs=false"]  # docker mounts none
    command = [engine, "run", "--rm", "--name", container.name, "--network", "host", *strict]
    command += ["--volume", f"{volume}:/data"]
    command += [part for name, value in variables.items() for part in ("--env", f"{name}={value}")]
    container.process = subprocess.Popen([*command, IMAGE])
    try:
        deadline = time.monotonic() + PATIENCE_S
        while container.ready() != 200:
            assert container.process.poll() is None, "the container ended"
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield container
    finally:
        if container.process.poll() is None:
            subprocess.run(
                [engine, "rm", "--force", container.name], check=False, capture_output=True
            )
            container.process.wait(PATIENCE_S)
