"""What the project's pages show works as it stands there, in the order in which it stands there."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rebracket.config import load_settings
from rebracket.gateway.key_store import KeyStore
from rebracket.registry import EXPORTED, ExportedModel, lifecycle
from tests.live_audio import music
from tests.music_files import audio, midi
from tests.pages import ROOT, Step, anchors, links, pages, steps
from tests.programs import program
from tests.redis_server import free_port
from tests.shown import differences
from tests.small_store import home_in
from tests.system.conftest import serving
from tests.system.copies import save_copy

# (page, how the block or command begins): (why it is not run here, what runs it).
ELSEWHERE = {
    ("README.md", "make serve"): ("makes an environment; the fixture serves as it does", ""),
    ("README.md", "make test"): ("runs this test", ".ci/run"),
    ("README.md", "import os\nfrom langchain"): (
        "needs a chat model and its key",
        "tests/agents/test_readme.py",
    ),
    ("README.md", "make container"): ("needs a container engine", "tests/container"),
    ("README.md", "docker run"): ("needs a container engine", "tests/container"),
    ("README.md", "docker exec"): ("needs a container engine", "tests/container"),
    ("README.md", 'deployment:\n  auth: {store: "postgresql:'): (
        "names machines",
        "tests/system/test_two_instances.py",
    ),
    ("README.md", "printf 'POSTGRES"): ("needs a container engine", "tests/deploy/compose.py"),
    ("README.md", "docker compose"): ("needs a container engine", "tests/deploy/test_compose.py"),
    ("deploy/README.md", "docker compose"): (
        "needs a container engine",
        "tests/system/test_rolling_restart.py",
    ),
    ("README.md", "curl -s localhost:8000"): ("needs nginx", "tests/system/test_nginx.py"),
    ("README.md", "rebracket gallery"): ("takes half a minute", "tests/cli/test_gallery.py"),
    ("README.md", "rebracket --config config.yaml serve"): (
        "goes on for ever",
        "tests/system/test_serving.py",
    ),
    ("README.md", "curl\n"): ("is a list of packages", ".ci/run"),
    ("CONTRIBUTING.md", "make "): ("are what people and CI run", ".ci/run"),
    ("CONTRIBUTING.md", "rebracket train"): ("takes hours", "tests/training/test_train.py"),
    ("CONTRIBUTING.md", "python -m export"): ("takes a minute", "tests/export/test_pipeline.py"),
    ("CONTRIBUTING.md", "rebracket evaluate --data"): ("takes texts", "tests/cli/test_cli.py"),
    ("CONTRIBUTING.md", "rebracket evaluate --modality"): (
        "takes minutes",
        "tests/training/music/test_encoders.py",
    ),
    ("CONTRIBUTING.md", "python -m tests.fuzz"): ("takes minutes", "tests/test_fuzz.py"),
    ("deploy/container/README.md", "make "): ("needs a container engine", "tests/container"),
    ("rebracket/agents/README.md", "graph TD"): ("is a picture", "tests/agents/test_readme.py"),
}
STEPS = [step for page in pages() for step in steps(page)]
PROBLEM = "/problems/"


def here(step: Step) -> bool:
    return not any(step.page == page and step.text.startswith(begins) for page, begins in ELSEWHERE)


@dataclass
class Reader:
    """Somebody with the files that the pages name, who types what they show."""

    folder: Path
    environment: dict[str, str]
    key_id: str

    def does(self, step: Step) -> subprocess.CompletedProcess[str]:
        command = {"sh": self._shell, "python": self._python, "yaml": self._settings}[step.language]
        with (self.folder / "microphone.raw").open("rb") as heard:
            return subprocess.run(
                command(step.text.replace("KEY_ID", self.key_id)),
                cwd=self.folder,
                env=self.environment,
                stdin=heard,
                capture_output=True,
                text=True,
                check=False,
            )

    def _shell(self, text: str) -> list[str]:
        return ["bash", "-euo", "pipefail", "-c", text]

    def _python(self, text: str) -> list[str]:
        return [sys.executable, "-c", text]

    def _settings(self, text: str) -> list[str]:
        (self.folder / "config.yaml").write_text(text, encoding="utf-8")
        return ["rebracket", "--config", "config.yaml", "config", "check"]


@pytest.fixture(scope="module")
def home(exported: ExportedModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A store of which the pages may make use: of two versions, the older one in production."""
    with home_in(tmp_path_factory.mktemp("home")) as folder:
        models = folder / "models"
        shutil.copytree(exported.path.parents[1], models, copy_function=os.link, dirs_exist_ok=True)
        save_copy(exported, "1.3.0")
        (models / EXPORTED / "latest").write_text(str(exported.version), encoding="utf-8")
        lifecycle.promote("1.3.0", "production")
        lifecycle.promote("1.3.0", "candidate")
        yield folder


@pytest.fixture(scope="module")
def reader(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Has the service started as `make serve` does, and the lines that it prints."""
    assert home.is_dir()
    program("curl", "curl")
    folder = tmp_path_factory.mktemp("reader")
    (folder / "tune.mid").write_bytes(midi())
    (folder / "take.flac").write_bytes(audio(10))
    (folder / "microphone.raw").write_bytes(music(44_100, 1, 6).tobytes())
    store = KeyStore.open(load_settings().deployment.auth.store)
    key_id = store.create("somebody", ("predict",)).record.id
    store.close()
    said = folder / "said"
    with serving("rebracket.cli", "serve", "--demo-key", log=str(said)):
        told = dict(re.findall(r"^  export (\w+)=(\S+)$", said.read_text(), re.MULTILINE))
        environment = {
            **os.environ,
            **told,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "REBRACKET_DEPLOYMENT__API__PORT": str(free_port()),
        }
        yield Reader(folder, environment, key_id)


@pytest.mark.parametrize("step", [step for step in STEPS if here(step)], ids=str)
def test_it_works_as_it_is_shown(reader: Reader, step: Step) -> None:
    ended = reader.does(step)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    if step.output:
        assert differences(step.output.text, ended.stdout) == []
    else:
        assert PROBLEM not in ended.stdout


@pytest.mark.parametrize(("page", "begins"), ELSEWHERE)
def test_what_is_not_run_here_is_shown_and_run_elsewhere(page: str, begins: str) -> None:
    assert any(step.page == page and step.text.startswith(begins) for step in STEPS)
    _, elsewhere = ELSEWHERE[page, begins]
    assert (ROOT / elsewhere).exists()


def dry_run(command: str) -> str:
    """What make would do."""
    ended = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=ROOT,
        env={**os.environ, "MAKEFLAGS": "--dry-run --no-print-directory"},
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout


@pytest.mark.parametrize("step", [s for s in STEPS if s.text.startswith("make ")], ids=str)
def test_make_knows_what_is_made(step: Step) -> None:
    assert dry_run(step.text)


def test_the_service_here_is_what_make_serve_starts() -> None:
    shown = dry_run("make serve").splitlines()
    assert [line.split("/bin/")[-1] for line in shown[-2:]] == [
        "rebracket models install",
        "rebracket serve --demo-key",
    ]


@pytest.mark.parametrize("page", pages())
def test_links_lead_somewhere(page: str) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.resolve().relative_to(ROOT).as_posix()), link
