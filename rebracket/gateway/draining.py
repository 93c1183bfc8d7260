"""Tells what would go on for hours that the worker is ending: live streams."""

import asyncio

_watching: set["asyncio.Future[None]"] = set()
_begun = False


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
