"""Threads that wait for Python's lock get it soon."""

import sys

from rebracket.inference.turns import TURN_S, short_turns


def test_turns_are_shorter_than_a_window_takes() -> None:
    before = sys.getswitchinterval()
    try:
        short_turns()
        assert abs(sys.getswitchinterval() - TURN_S) < 1e-6
        assert TURN_S < 0.001  # Python has 0.005, and the shortest windows take 0.001
    finally:
        sys.setswitchinterval(before)
