"""What a result is of: when, on what, with which code."""

import platform
import subprocess
from datetime import UTC, datetime

from rebracket.config import available_cores


def facts() -> dict[str, str]:
    """For the head of a file of results."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.processor() or platform.machine()}, {available_cores()} cores",
        "commit": commit,
    }
