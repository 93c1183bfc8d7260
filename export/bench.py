"""Side-by-side latency: candidates take turns, so that a machine's moods hit all alike."""

from collections.abc import Callable, Mapping
from statistics import fmean, median
from time import perf_counter
from typing import Any

import numpy as np

from rebracket.segment.text import Windows
from rebracket.segment.window import Window

LENGTHS = (16, 64, 128, 256)
ROUNDS = 9
WARM_UPS = 1

Run = Callable[[Any], object]
"""Reads a window of the kind that it is given."""


def one_window(length: int) -> Windows:
    """A lone segment of one full window."""
    ids = np.random.default_rng(length).integers(1000, 20000, (1, length), dtype=np.int64)
    return Windows(
        ids=ids,
        mask=np.ones_like(ids),
        fields=np.zeros(1, dtype=np.int64),
        pool=np.ones((1, 1), dtype=np.float32),
    )


def of_words() -> dict[int, Window]:
    """A lone segment of each of `LENGTHS`."""
    return {length: one_window(length) for length in LENGTHS}


def latencies(
    runs: Mapping[str, Run], windows: Mapping[int, Window], *, rounds: int = ROUNDS
) -> dict[str, dict[str, float]]:
    """Median milliseconds by candidate and length."""
    times: dict[str, dict[int, list[float]]] = {n: {k: [] for k in windows} for n in runs}
    for turn in range(rounds + WARM_UPS):
        for length, window in windows.items():
            for name, run in runs.items():
                started = perf_counter()
                run(window)
                if turn >= WARM_UPS:  # the first turn warms caches and arenas
                    times[name][length].append((perf_counter() - started) * 1000)
    return {
        name: {str(length): round(median(values), 3) for length, values in by_length.items()}
        for name, by_length in times.items()
    }


def mean_latency(by_length: Mapping[str, float]) -> float:
    """One figure for a candidate: the mean over lengths."""
    return round(fmean(by_length.values()), 3)
