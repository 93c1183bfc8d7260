"""The command of every candidate."""

import os
from pathlib import Path

from loadtests.bench.peers.model import FOLDER
from loadtests.servers import PYTHON, ours


def commands(first_port: int) -> dict[str, tuple[int, list[str], dict[str, str]]]:
    """Port, command and environment of each candidate."""
    peers = "loadtests.bench.peers"
    port = first_port
    fastapi = [f"{peers}.fastapi_app:app", "--port", str(port + 2), "--log-level", "warning"]
    bento = [f"{peers}.bentoml_app:Peer", "--port", str(port + 4)]
    return {
        "embedded": (port, *ours(port, RUNNER="embedded")),
        "service": (port + 1, *ours(port + 1, RUNNER="service")),
        "fastapi": (port + 2, [PYTHON, "-m", "uvicorn", *fastapi], {}),
        "litserve": (port + 3, [PYTHON, "-m", f"{peers}.litserve_app", str(port + 3)], {}),
        "bentoml": (port + 4, [PYTHON, "-m", "bentoml", "serve", *bento], {}),
    }


def model_folder(path: Path) -> None:
    """Tell the peers where the exported model lies."""
    os.environ[FOLDER] = str(path)
