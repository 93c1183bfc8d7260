"""What a result is of: when, on what, with which code."""

import platform
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from rebracket.config import available_cores


def facts() -> dict[str, str]:
    """For the head of a file of results."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{_processor()}, {available_cores()} cores",
        "commit": commit,
    }


def _processor() -> str:
    """Its name where Linux tells it, and whether it has instructions for 8-bit products, which int8 lives by."""
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    name = re.search(r"^model name\s*: (.+)$", told, re.MULTILINE)
    vnni = "with" if re.search(r"\bavx(512)?_vnni\b", told) else "without"
    return f"{name[1] if name else platform.machine()} {vnni} VNNI"
