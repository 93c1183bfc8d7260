"""Workers end with the process above them, also where that was killed and could tell nobody."""

import ctypes
import os
import signal
import sys

VARIABLE = "REBRACKET_PARENT"
"""Says to a worker which process is above it."""

PR_SET_PDEATHSIG = 1
"""Of Linux; elsewhere workers outlive a parent that was killed."""


def end_with_parent() -> None:
    """Have this process sent SIGTERM once the one that `VARIABLE` names has died, even if that was before.

    Without the variable, nothing happens.
    """
    parent = os.environ.get(VARIABLE)
    if parent is None or sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):
        os.kill(os.getpid(), signal.SIGTERM)
