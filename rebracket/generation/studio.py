"""Where pieces are written beside the event loop: one at a time, bounded, fair, for nobody who has left."""

import asyncio
import os
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from time import perf_counter
from typing import Generic, TypeVar

from rebracket.config import Generation
from rebracket.errors import Unavailable
from rebracket.inference.fairness import FairQueue
from rebracket.inference.pace import Pace
from rebracket.monitoring.metrics import GENERATION_QUEUE

T = TypeVar("T")

NICENESS = 10
"""How far the thread that writes stands back behind those that read: a generation is seconds of work, a
prediction milliseconds, and both share the cores."""

MEMORY = 0.7
"""Of the measured rate, how much each piece of work leaves standing."""

Wanted = Callable[[], bool]
"""Whether anybody still waits."""


class Task(Generic[T]):
    """Some work that a thread is to do; `run` is told how to ask whether it is still wanted."""

    def __init__(self, work: int, run: Callable[[Wanted], T]) -> None:
        self.work = work
        self.run = run
        self.answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self.left = threading.Event()

    def is_wanted(self) -> bool:
        """Whether anybody still waits."""
        return not self.left.is_set()


class Studio:
    """Does one task at a time; lives on one event loop.

    Tasks of one worker don't run side by side: each takes a whole core, and predictions need the others.
    Nor are the pieces of several requests written in one batch, because what a row answers depends in its
    last digits on the rows beside it: the same seed would not give the same bytes.
    """

    def __init__(self, settings: Generation) -> None:
        self._settings = settings
        self._queue: FairQueue[Task[object]] = FairQueue()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="studio", initializer=_stand_back)
        self._running = False
        self._pace = Pace(MEMORY)
        self._closing = False
        self._idle = asyncio.Event()

    async def do(self, work: int, run: Callable[[Wanted], T], *, caller: Hashable) -> T:
        """The result of `run`, which takes `work` tokens; cancelled, it is told so or never begun.

        Raises:
            Unavailable: with this, more would wait than `max_queue` allows.
        """
        over = self._queue.work + work - self._settings.max_queue
        if self._closing or (self._queue.work and over > 0):
            raise Unavailable(
                "Too many segments are being generated right now",
                retry_after_s=self._pace.retry_after_s(over),
            )
        task = Task(work, run)
        self._queue.put(caller, task, task, work)  # type: ignore[arg-type]
        self._next()
        try:
            return await task.answer
        finally:
            task.left.set()
            self._queue.discard(caller, task)
            GENERATION_QUEUE.set(self._queue.work)

    def _next(self) -> None:
        if not self._running and self._queue:
            self._running = True
            loop = asyncio.get_running_loop()
            task = self._queue.take()
            started = perf_counter()
            future = loop.run_in_executor(self._pool, task.run, task.is_wanted)
            future.add_done_callback(lambda done: self._done(task, done, perf_counter() - started))
        GENERATION_QUEUE.set(self._queue.work)

    def _done(self, task: Task[object], done: "asyncio.Future[object]", seconds: float) -> None:
        self._running = False
        self._next()
        if not self._running:
            self._idle.set()
        error = done.exception()
        if error is None:
            self._pace.learn(task.work, seconds)
        if task.answer.done():
            return
        if error is None:
            task.answer.set_result(done.result())
        else:
            task.answer.set_exception(error)

    async def close(self) -> None:
        """Take nothing more; return when all that was taken has been done."""
        self._closing = True
        while self._running:
            self._idle.clear()
            await self._idle.wait()
        await asyncio.to_thread(self._pool.shutdown)


def _stand_back() -> None:
    """Lower this thread's priority; where the system has none of its own for threads, nothing happens."""
    with suppress(OSError, AttributeError):
        thread = threading.get_native_id()
        own = os.getpriority(os.PRIO_PROCESS, thread)
        os.setpriority(os.PRIO_PROCESS, thread, own + NICENESS)
