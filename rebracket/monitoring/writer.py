"""Puts rows into the store of predictions beside the requests: a thread, a bounded queue."""

import logging
from queue import Empty, Full, Queue
from threading import Thread
from time import sleep

from rebracket.errors import PredictionStoreError
from rebracket.monitoring.metrics import UNSTORED
from rebracket.monitoring.rows import Row
from rebracket.monitoring.store import PredictionStore

BATCH = 500
PAUSE_S = 0.2
ROOM = 20_000

logger = logging.getLogger(__name__)


class Writer:
    """Never makes a request wait: rows that find no room are dropped and counted."""

    def __init__(self, store: PredictionStore, *, room: int = ROOM) -> None:
        self._store = store
        self._queue: Queue[Row | None] = Queue(room)
        self._failing = False
        self._thread = Thread(target=self._work, name="predictions", daemon=True)
        self._thread.start()

    def put(self, row: Row) -> None:
        """Have a row stored within moments, from any thread."""
        try:
            self._queue.put_nowait(row)
        except Full:
            UNSTORED.inc()

    def close(self) -> None:
        """Store what was put, then return."""
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        more = True
        while more:
            row = self._queue.get()
            if row is None:
                break
            sleep(PAUSE_S if self._queue.empty() else 0)
            rows, more = self._collect(row)
            self._append(rows)

    def _collect(self, first: Row) -> tuple[list[Row], bool]:
        """A batch, and whether another may follow."""
        rows = [first]
        while len(rows) < BATCH:
            try:
                row = self._queue.get_nowait()
            except Empty:
                break
            if row is None:
                return rows, False
            rows.append(row)
        return rows, True

    def _append(self, rows: list[Row]) -> None:
        try:
            self._store.append(rows)
            self._failing = False
        except PredictionStoreError as error:
            UNSTORED.inc(len(rows))
            if not self._failing:
                logger.error("Predictions are not stored: %s", error)  # noqa: TRY400 - one line
            self._failing = True
