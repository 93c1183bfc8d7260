"""The process above the workers: it replaces those that die, and ends them in order.

BentoML looks after its workers every 10 seconds, in a container never, and waits a day for one that
does not end. It has no setting for any of these, so the class that it calls, a private one, is put in
the place of its own; bentoml is pinned exactly for that.
"""

import os
import signal
import sys
from collections.abc import Iterable
from functools import partial
from socket import socket
from time import monotonic
from typing import Any, Self

from _bentoml_impl.loader import load
from _bentoml_impl.server.serving import API_SERVER_NAME, serve_http
from bentoml._internal.log import configure_server_logging
from bentoml._internal.utils import circus
from circus.sockets import CircusSocket
from circus.watcher import Watcher
from tornado.gen import sleep

from rebracket import parent
from rebracket.config import settings
from rebracket.gateway import draining, port

LOOK_S = 1.0
"""A killed worker is replaced after so long at most."""

CLOSE_S = 4.0
"""What closing takes at most after the last request, until the worker is killed."""

MOMENT_S = 0.3
"""In so long who was about to connect has, and workers have read what came with a connection."""

LET_IN_S, LOOK_AGAIN_S = 3.0, 0.01
"""For workers to take who has connected, and between looks whether they have."""

API_WORKERS = "service"
"""What BentoML calls those that answer requests."""


class Door(CircusSocket):  # type: ignore[misc]  # its package is untyped
    """The port, which is taken here; the first worker that is ready opens it.

    Who connects before that is refused and asks elsewhere, where it would have waited for an answer.
    """

    @classmethod
    def instead_of(cls, other: CircusSocket) -> Self:
        """The same port."""
        other.close()
        return cls(other.name, other.host, other.port, other.family, backlog=other.backlog)

    def listen(self, backlog: int = 0) -> None:
        """Left to the workers."""


class Arbiter(circus.Arbiter):
    """Keeps as many workers as were asked for, until it is told to end."""

    def __init__(
        self,
        watchers: Iterable[Watcher],
        *args: Any,
        claim: socket,
        sockets: Iterable[CircusSocket],
        **kwargs: Any,
    ) -> None:
        api = settings().deployment.api
        for watcher in watchers:
            watcher.env[parent.VARIABLE] = str(os.getpid())
            watcher.respawn = True
            watcher.graceful_timeout = api.drain_s + CLOSE_S
        doors = [Door.instead_of(s) if s.name == API_SERVER_NAME else s for s in sockets]
        super().__init__(watchers, *args, sockets=doors, **{**kwargs, "check_delay": LOOK_S})
        self._claim = claim
        self._notice_s = api.notice_s
        self._leaving = False

    def stop(self) -> None:
        """Begin to end; SIGTERM, SIGINT and SIGQUIT call this."""
        if not self._leaving:
            self._leaving = True
            self.loop.add_callback(self._leave)

    async def _leave(self) -> None:
        """Not ready any more; then the port closes; then who answers ends; then what they ask."""
        self.ctrl.caller.stop()  # nobody is replaced any more
        workers = self.get_watcher(API_WORKERS)
        try:
            for process in workers.get_active_processes():
                workers.send_signal(process.pid, draining.NOTICE)
            await sleep(self._notice_s)
            await self._close_port()
            await sleep(MOMENT_S)
            await workers._stop()
        finally:
            await super().stop()  # type: ignore[misc]  # a Future, in truth

    async def _close_port(self) -> None:
        """Take no connection any more, once the workers have taken those that there are."""
        listener = self.sockets[API_SERVER_NAME]
        port.ignore_newcomers(listener)
        await sleep(MOMENT_S)
        deadline = monotonic() + LET_IN_S
        while port.waiting(listener) and monotonic() < deadline:
            await sleep(LOOK_AGAIN_S)
        port.close(listener)
        self._claim.close()


def serve(service: str, folder: str, claim: socket) -> None:
    """`bentoml serve` of an import path from `folder`, until a signal ends it; `claim` is let go with the port."""
    # As the first process of a container, this one would not hear a signal that it has no handler for.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    circus.Arbiter = partial(Arbiter, claim=claim)  # type: ignore[assignment, misc]
    configure_server_logging()  # type: ignore[no-untyped-call]
    load(service, folder).inject_config()
    seconds = round(settings().deployment.api.drain_s)
    serve_http(service, folder, timeout_graceful_shutdown=seconds)
