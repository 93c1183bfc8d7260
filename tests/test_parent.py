"""A process that ends with its parent, as real processes."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

from rebracket.parent import VARIABLE

PATIENCE_S = 60
pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere nothing tells of a death"
)

CHILD = """
import time
from rebracket.parent import end_with_parent
end_with_parent()
print("alive", flush=True)
time.sleep(1000)
"""
PARENT = f"""
import os, subprocess, sys
os.environ["{VARIABLE}"] = str(os.getpid())
child = subprocess.Popen([sys.executable, "-c", {CHILD!r}], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
child.wait()
"""


def test_it_is_told_to_end_when_its_parent_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        child.wait(PATIENCE_S)


def child(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD],
        stdout=subprocess.PIPE,
        env={**os.environ, **environment},
    )


def test_it_ends_at_once_where_its_parent_was_killed_before() -> None:
    with child({VARIABLE: "1"}) as process:
        assert process.wait(PATIENCE_S) == -signal.SIGTERM


def test_one_that_was_told_of_no_parent_goes_on() -> None:
    with child({}) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"alive\n"
        process.kill()
