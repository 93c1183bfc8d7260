"""What a serving process loads: nothing of training, and nothing of clients and agents."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_service_loads_no_extra() -> None:
    code = "import sys, service; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in run.stdout.split()}
    assert "onnxruntime" in loaded
    assert not loaded & {
        *("torch", "transformers", "httpx2", "langchain_core", "langgraph", "matplotlib"),
    }
