"""Python's turns between threads, made short."""

import sys

TURN_S = 0.0002
"""A lane that has read a window waits for its turn to say so; the event loop's own turns are longer."""


def short_turns() -> None:
    """Have a thread that waits for its turn get it soon.

    With Python's 5 ms the 99th percentile at half of capacity is a tenth longer, and 1 % less is read.
    """
    sys.setswitchinterval(TURN_S)
