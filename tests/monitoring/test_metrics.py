"""Gauges of workers that were killed do not stay; the README names every metric."""

import re
import subprocess
import sys
from pathlib import Path

from prometheus_client import REGISTRY

from rebracket.monitoring import metrics
from tests.pages import ROOT

CODE = """
import os, signal
from rebracket.monitoring.metrics import QUEUE_ITEMS
QUEUE_ITEMS.set(7)
os.kill(os.getpid(), signal.SIGKILL)
"""
LOOK = """
from prometheus_client import CollectorRegistry, multiprocess
from rebracket.monitoring.metrics import forget_dead_workers
forget_dead_workers()
registry = CollectorRegistry()
multiprocess.MultiProcessCollector(registry)
print(registry.get_sample_value("rebracket_queue_items"))
"""


def test_a_killed_workers_queue_is_forgotten_by_the_next_one(tmp_path: Path) -> None:
    environment = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    killed = subprocess.run([sys.executable, "-c", CODE], env=environment, check=False)
    assert killed.returncode < 0
    assert list(tmp_path.glob("gauge_livesum_*.db"))
    command = [sys.executable, "-c", LOOK]
    look = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert float(look.stdout) == 0


def test_the_readme_names_every_metric_and_no_other() -> None:
    assert metrics
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    table = page.partition("\n| metrics | say |\n")[2].partition("\n\n")[0]
    ours = [found for found in REGISTRY.collect() if found.name.startswith("rebracket_")]
    there = {found.name + "_total" * (found.type == "counter") for found in ours}
    named = {*re.findall(r"`(rebracket_\w+)", table)}
    assert named == there
