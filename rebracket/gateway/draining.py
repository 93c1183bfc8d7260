"""Tells that the worker is ending: first who asks whether it is ready, then live streams."""

import asyncio
import signal

NOTICE = signal.SIGUSR1
"""What tells a worker that it will be ended soon."""

_watching: set["asyncio.Future[None]"] = set()
_begun = False
_noticed = False


def listen() -> None:
    """Heed `NOTICE`, which would end the process otherwise; in the main thread only."""
    signal.signal(NOTICE, lambda *_: notice())


def notice() -> None:
    """The worker still takes requests, and asks for no more."""
    global _noticed  # noqa: PLW0603 - there is one end of a process
    _noticed = True


def is_noticed() -> bool:
    """Whether requests should go elsewhere."""
    return _noticed or _begun


def begin() -> None:
    """The worker takes nothing more, and waits for what it has."""
    global _begun  # noqa: PLW0603 - there is one end of a process
    _begun = True
    for future in _watching:
        if not future.done():
            future.set_result(None)


async def begun() -> None:
    """Return when the worker is ending."""
    if _begun:
        return
    future = asyncio.get_running_loop().create_future()
    _watching.add(future)
    try:
        await future
    finally:
        _watching.discard(future)
