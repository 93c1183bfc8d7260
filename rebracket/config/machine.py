"""What settings depend on of the machine."""

import os
from pathlib import Path


def data_folder() -> Path:
    """Where keys and limits are kept: beside BentoML's model store, so that one volume keeps all."""
    home = os.environ.get("BENTOML_HOME") or "~/bentoml"
    return Path(home).expanduser().absolute() / "rebracket"


def available_cores() -> int:
    """Cores that this process may use: its affinity, cut by the cgroup's CPU quota."""
    cores = len(os.sched_getaffinity(0))
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
    except (OSError, ValueError):
        return cores
    return cores if quota == "max" else max(1, min(cores, int(quota) // int(period)))
