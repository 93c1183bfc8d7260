"""What deploy/compose.yaml says, as `docker-compose config` reads it."""

import os
import subprocess
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import yaml

from tests.programs import program

FILE = Path(__file__).parents[2] / "deploy" / "compose.yaml"
PASSWORDS = {"POSTGRES_PASSWORD": "PasswordOfPostgres", "GRAFANA_PASSWORD": "PasswordOfGrafana"}
INSTANCES = ("rebracket-1", "rebracket-2")


def read(**variables: str) -> subprocess.CompletedProcess[str]:
    """Check the file against the compose specification, and fill in these variables, none of deploy/.env."""
    path = program("docker-compose", "docker-compose")
    environment = {"PATH": os.environ["PATH"], **variables}
    with NamedTemporaryFile() as empty:
        command = [path, "--env-file", empty.name, "--file", str(FILE), "config"]
        return subprocess.run(
            command, cwd=FILE.parent, env=environment, capture_output=True, text=True, check=False
        )


def composed() -> dict[str, Any]:
    """The file as it is run."""
    run = read(**PASSWORDS)
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = yaml.safe_load(run.stdout)
    return found
