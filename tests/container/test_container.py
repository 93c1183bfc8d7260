"""The image, built and run as users do: what is in it, what it answers, and how it ends."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator

import httpx2
import pytest

from rebracket.gateway.keys import Key
from rebracket.registry import ExportedModel
from tests.container.engine import PATIENCE_S, ROOT, Container, build, engine, running, volume
from tests.live_audio import music, wav

pytestmark = pytest.mark.container

MODEL = "/home/bentoml/bento/models"
CODE = "/home/bentoml/bento/src"
OWN_MIB = 700
PACKAGES = """
from importlib.metadata import distributions
for found in distributions():
    print(found.name.lower().replace("_", "-").replace(".", "-"), found.version)
"""
UNCOMPILED = "python -v -c 'import rebracket.cli, service' 2>&1 | grep 'code object from /' || true"
ORPHAN = "import os, time; os.fork() or os.fork() or (time.sleep(0.2), os._exit(0))"
ZOMBIES = """
import psutil
print(sum(process.status() == psutil.STATUS_ZOMBIE for process in psutil.process_iter()))
"""


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture(scope="module")
def built(exported: ExportedModel) -> str:
    """The engine that has the image."""
    assert exported.version
    found = engine()
    build(found)
    return found


@pytest.fixture(scope="module")
def key() -> str:
    """What an empty volume is given, with all scopes."""
    return str(Key.generate())


@pytest.fixture(scope="module")
def data(built: str) -> Iterator[str]:
    with volume(built) as name:
        yield name


@pytest.fixture(scope="module")
def container(built: str, data: str, key: str) -> Iterator[Container]:
    settings = {"REBRACKET_BOOTSTRAP_KEY": key, "REBRACKET_DEPLOYMENT__WORKERS": "2"}
    with running(built, data, **settings) as container:
        yield container


@pytest.fixture
def http(container: Container, key: str) -> Iterator[httpx2.Client]:
    headers = {"Authorization": f"Bearer {key}"}
    with httpx2.Client(base_url=container.url, timeout=PATIENCE_S, headers=headers) as client:
        yield client


def test_nobody_in_it_is_root_and_nothing_but_the_volume_is_written(container: Container) -> None:
    assert container.run("id", "-u", "-n").strip() == "bentoml"
    assert container.run("cat", "/proc/1/cmdline").split("\0")[2:4] == ["rebracket", "serve"]
    for place in ("/", "/tmp", CODE, MODEL):  # noqa: S108 - that nothing can be written there
        with pytest.raises(subprocess.CalledProcessError):
            container.run("touch", f"{place}/file")
    container.run("touch", "/data/file")


def test_it_holds_what_serves_and_nothing_else(container: Container) -> None:
    for tool in ("cc", "gcc", "make", "git"):
        with pytest.raises(subprocess.CalledProcessError):
            container.run("sh", "-c", f"command -v {tool}")
    code = container.run("find", CODE, "-type", "f", "-not", "-name", "*.pyc").split()
    parts = {path.removeprefix(f"{CODE}/").partition("/")[0] for path in code}
    assert parts == {"service.py", "rebracket", "build", "bentofile.yaml"}
    folders = {path.split("/")[6] for path in code if path.startswith(f"{CODE}/rebracket/")}
    assert not folders & {"training", "models", "agents", "client"}


def test_nothing_that_it_imports_has_to_be_compiled_first(container: Container) -> None:
    assert container.run("sh", "-c", UNCOMPILED) == ""


def test_nothing_in_it_reports_to_its_maker(container: Container) -> None:
    # Where ONNX Runtime keeps what it is going to send.
    assert ".cache" not in container.run("ls", "-A", "/data").split()


def test_the_bill_of_materials_names_every_package(container: Container) -> None:
    inside = container.run("cat", f"{CODE}/build/sbom.cdx.json")
    assert inside == (ROOT / "build" / "sbom.cdx.json").read_text()
    components = json.loads(inside)["components"]
    named = {
        (found["name"].lower().replace("_", "-").replace(".", "-"), found["version"])
        for found in components
    }
    there = {tuple(line.split()) for line in container.run("python", "-c", PACKAGES).splitlines()}
    assert named <= there
    # Needed by redis before Python 3.11.3, which the lock files were not made with.
    assert {name for name, _ in there - named} <= {"async-timeout"}


def test_it_is_small(container: Container) -> None:
    sizes = container.run("du", "--summarize", "--block-size=1M", "/opt/rebracket", "/home/bentoml")
    assert sum(int(line.split()[0]) for line in sizes.splitlines()) <= OWN_MIB


def test_it_says_itself_whether_it_is_well(container: Container) -> None:
    kind, command = container.healthcheck()
    assert kind == "CMD-SHELL"
    assert container.run("sh", "-c", command) == ""


def test_it_predicts_with_the_version_that_was_packed(
    http: httpx2.Client, container: Container, exported: ExportedModel
) -> None:
    answer = http.post("/predict", json={"text": "A larder so deep that it holds the street."})
    assert answer.json()["model"]["version"] == exported.version
    assert exported.version in container.run("ls", f"{MODEL}/rebracket-segment").split()


def test_it_generates(http: httpx2.Client) -> None:
    asked = {"type": "spatial", "candidates": 1, "return": ["text"]}
    answer = http.post("/generate", json=asked)
    assert answer.status_code == 200, answer.text
    assert answer.json()["segment"]["text"]


def test_it_reads_a_second_of_live_audio(http: httpx2.Client) -> None:
    sound = wav(music(16_000, 1, 1.0), 16_000)
    lines = http.post("/stream?window_s=1", content=sound).text.splitlines()
    assert [json.loads(line)["type"] for line in lines] == ["ready", "window", "summary"]


def test_it_counts(http: httpx2.Client) -> None:
    http.post("/predict", json={"text": "a door"})
    assert "rebracket_predictions_total{" in http.get("/metrics").text


def test_nothing_dead_stays(container: Container) -> None:
    container.run("python", "-c", ORPHAN)
    until(lambda: container.run("python", "-c", ZOMBIES).strip() == "0")


def test_a_killed_worker_is_replaced(container: Container, http: httpx2.Client) -> None:
    before = container.workers()
    container.run("python", "-c", f"import os; os.kill({min(before)}, 9)")
    until(lambda: len(container.workers() - before) == 1)
    assert http.post("/predict", json={"text": "a door"}).status_code == 200


def test_told_to_end_it_exits_with_0_and_its_volume_keeps_the_keys(
    container: Container, built: str, data: str, key: str
) -> None:
    container.signal("TERM")
    until(lambda: container.ready() == 503)
    assert container.wait() == 0
    with running(built, data) as again:
        headers = {"X-API-Key": key}
        assert httpx2.get(f"{again.url}/models", headers=headers).status_code == 200
