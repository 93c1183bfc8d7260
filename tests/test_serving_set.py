"""What a serving process loads: nothing of training, and nothing of clients and agents."""

import os
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]


def loaded(modules: str) -> set[str]:
    """The packages that a process has once it imported some modules."""
    code = f"import sys, {modules}; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in run.stdout.split()}


def test_a_worker_loads_no_extra() -> None:
    found = loaded("service, rebracket.worker, rebracket.gateway.app")
    assert "onnxruntime" in found
    assert not found & {
        *("torch", "transformers", "httpx2", "langchain_core", "langgraph", "matplotlib"),
        *("psycopg", "redis"),  # loaded where keys and limits are there
    }


def test_what_it_loads_leaves_no_file(tmp_path: Path) -> None:
    code = "import rebracket.inference.engine"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True)
    assert list(tmp_path.iterdir()) == []


def test_the_process_above_the_workers_loads_nothing_that_answers() -> None:
    found = loaded("service, rebracket.gateway.arbiter")
    assert "circus" in found
    assert not found & {"onnxruntime", "tokenizers", "soundfile", "sqlalchemy", "aiohttp", "numpy"}


def needed(requirement: Requirement) -> set[Requirement]:
    """A requirement and all that it brings along here."""
    found, left = set[Requirement](), [requirement]
    while left:
        one = left.pop()
        if one not in found:
            found.add(one)
            lines = map(Requirement, requires(one.name) or ())
            left += [line for line in lines if _applies(line, one.extras)]
    return found


def _applies(requirement: Requirement, extras: set[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in {"", *extras})


def test_a_bento_installs_what_serves_and_the_client_of_postgresql_and_nothing_else() -> None:
    lines = (ROOT / "requirements.serve.lock").read_text().splitlines()
    locked = {canonicalize_name(line.partition("==")[0]) for line in lines}
    serving = needed(Requirement("rebracket[postgres]"))
    assert locked == {canonicalize_name(one.name) for one in serving} - {"rebracket"}
