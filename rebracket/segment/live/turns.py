"""A thread that runs only while its owner waits for it."""

from collections.abc import Callable
from threading import Semaphore, Thread


class Turns:
    """Makes of code that pulls what it works on, and can't be left half-way, one that is fed.

    `work` runs in a thread of its own, in turns with the thread that calls `give`: never both. So
    they share what they like without locks, and neither waits for ever as long as `work`, whenever
    it gets a turn, calls `give_back` or returns after a while.
    """

    def __init__(self, work: Callable[[], None], name: str) -> None:
        self.over = False
        self._error: Exception | None = None
        self._ours, self._theirs = Semaphore(0), Semaphore(0)
        self._thread = Thread(target=self._run, args=(work,), name=name, daemon=True)
        self._thread.start()

    def give(self) -> None:
        """Let `work` run until it gives back its turn or returns; does nothing once it has.

        Raises what `work` raised.
        """
        if not self.over:
            self._theirs.release()
            self._ours.acquire()
        if self._error is not None:
            raise self._error

    def give_back(self) -> None:
        """Called by `work`: wait for the next turn."""
        self._ours.release()
        self._theirs.acquire()

    def end(self) -> None:
        """Give `work` its last turn, in which it may not give back, and wait for it to return."""
        self._theirs.release()
        self._thread.join()

    def _run(self, work: Callable[[], None]) -> None:
        self._theirs.acquire()
        try:
            work()
        except Exception as error:  # noqa: BLE001 - whatever it was, the owner is told
            self._error = error
        finally:
            self.over = True
            self._ours.release()
