"""The engine alone: threads that do nothing but read texts; the limit that servers are measured by."""

import threading
from collections.abc import Sequence
from time import perf_counter, process_time

from loadtests.bench.load import Load, summarize
from rebracket.inference.predictor import Predictor
from rebracket.schemas import Segment


def closed_loop(
    predictor: Predictor, segments: Sequence[Segment], *, threads: int, seconds: float
) -> tuple[Load, float]:
    """What `threads` threads read in so many seconds, and the processor time that it took."""
    times: list[float] = []
    started, cpu = perf_counter(), process_time()

    def read(number: int) -> None:
        index = number
        while perf_counter() - started < seconds:
            begun = perf_counter()
            predictor.predict(segments[index % len(segments)])
            times.append(perf_counter() - begun)
            index += threads

    workers = [threading.Thread(target=read, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return summarize(times, 0, perf_counter() - started), process_time() - cpu
