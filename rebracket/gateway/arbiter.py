"""The process above the workers: it replaces those that die, and ends them in order.

BentoML looks after its workers every 10 seconds, in a container never, and waits a day for one that
does not end. It has no setting for any of these, so the class that it calls, a private one, is put in
the place of its own; bentoml is pinned exactly for that.
"""

import signal
import sys
from collections.abc import Iterable
from socket import SHUT_RDWR
from time import monotonic
from typing import Any

from _bentoml_impl.server.serving import API_SERVER_NAME
from bentoml._internal.utils import circus
from bentoml_cli.cli import cli as bentoml_cli
from circus.watcher import Watcher
from tornado.gen import sleep

from rebracket.config import settings
from rebracket.gateway import draining, port

LOOK_S = 1.0
"""A killed worker is replaced after so long at most."""

CLOSE_S = 4.0
"""What closing takes at most after the last request, until the worker is killed."""

LISTEN_S = 0.3
"""In so long workers read what came with a connection, and no longer listen when they are told to end."""

API_WORKERS = "service"
"""What BentoML calls those that answer requests."""


class Arbiter(circus.Arbiter):
    """Keeps as many workers as were asked for, until it is told to end."""

    def __init__(self, watchers: Iterable[Watcher], *args: Any, **kwargs: Any) -> None:
        api = settings().deployment.api
        for watcher in watchers:
            watcher.respawn = True
            watcher.graceful_timeout = api.drain_s + CLOSE_S
        super().__init__(watchers, *args, **{**kwargs, "check_delay": LOOK_S})
        self._notice_s, self._drain_s = api.notice_s, api.drain_s
        self._leaving = False

    def stop(self) -> None:
        """Begin to end; SIGTERM, SIGINT and SIGQUIT call this."""
        if not self._leaving:
            self._leaving = True
            self.loop.add_callback(self._leave)

    async def _leave(self) -> None:
        """Not ready any more; then nobody comes in; then who answers ends; then what they ask."""
        self.ctrl.caller.stop()  # nobody is replaced any more
        workers = self.get_watcher(API_WORKERS)
        try:
            for process in workers.get_active_processes():
                workers.send_signal(process.pid, draining.NOTICE)
            await sleep(self._notice_s)
            await self._let_in()
            ending = workers._stop()
            await sleep(LISTEN_S)
            # Not closed: the processes of other services hold it too, and who calls would wait for them.
            self.sockets[API_SERVER_NAME].shutdown(SHUT_RDWR)
            await ending
        finally:
            await super().stop()  # type: ignore[misc]  # a Future, in truth

    async def _let_in(self) -> None:
        """Wait for the workers to take who has connected, and take nobody else."""
        listener = self.sockets[API_SERVER_NAME]
        port.ignore_newcomers(listener)
        deadline = monotonic() + self._drain_s
        while port.waiting(listener) and monotonic() < deadline:
            await sleep(LISTEN_S / 10)
        await sleep(LISTEN_S)


def serve(service: str, folder: str) -> None:
    """`bentoml serve` of an import path from `folder`, until a signal ends it."""
    # As the first process of a container, this one would not hear a signal that it has no handler for.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    circus.Arbiter = Arbiter  # type: ignore[misc]
    seconds = str(round(settings().deployment.api.drain_s))
    bentoml_cli.main(
        ["serve", service, "--working-dir", folder, "--timeout-graceful-shutdown", seconds]
    )


if __name__ == "__main__":
    serve(*sys.argv[1:])
