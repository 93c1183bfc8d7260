"""A Bento in the store."""

import subprocess
import sys

import httpx2

from rebracket.registry import ExportedModel
from rebracket.registry.store import remove
from tests.system.conftest import ROOT, serving
from tests.system.copies import save_copy

NEWER = "99.0.0"


def build() -> str:
    """The tag of a new Bento."""
    command = [sys.executable, "-m", "bentoml", "build", "--output", "tag"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return run.stdout.strip().removeprefix("__tag__:")


def test_a_bento_serves_what_it_packs_and_not_what_came_after(exported: ExportedModel) -> None:
    tag = build()
    save_copy(exported, NEWER)
    try:
        with serving("bentoml", "serve", tag, AUTH__ENABLED="false") as server:
            (model,) = httpx2.get(f"{server.url}/models").json()["models"]
    finally:
        remove("rebracket-segment", NEWER)
    assert model["version"] == exported.version
