"""Durations as people write them: 30m, 12h, 90d."""

import re
from datetime import timedelta

FORM = re.compile(r"([0-9]{1,5})([smhdw])")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def duration(text: str) -> timedelta:
    """The duration that a text means.

    Raises:
        ValueError: it is none; says what was expected.
    """
    match = FORM.fullmatch(text)
    if match is None:
        raise ValueError("expected a duration like 30m, 12h or 90d")
    return timedelta(seconds=int(match[1]) * SECONDS[match[2]])
