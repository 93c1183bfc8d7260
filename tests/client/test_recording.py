"""What is kept of a stream is what may have to be said again, and no more."""

import asyncio
from collections.abc import Awaitable

import pytest

from rebracket.client.recording import FRAME, MOST_UNSENT, Recording
from rebracket.messages import End, Flush, NewWords, Start

START = Start(encoding="pcm_s16le", sample_rate=8000, channels=2, text="first")
FRAME_BYTES = 4


def words(text: str) -> NewWords:
    return NewWords(text=text)


async def waits(awaitable: Awaitable[object]) -> bool:
    """Whether it does not return as long as nothing else happens."""
    task = asyncio.ensure_future(awaitable)
    for _ in range(10):
        await asyncio.sleep(0)
    waiting = not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return waiting


def test_what_was_put_in_is_taken_in_order() -> None:
    async def run() -> None:
        recording = Recording(START)
        for item in (b"abcdef", words("a"), Flush(), b"gh", b"ij"):
            await recording.put(item)
        taken = [await recording.take() for _ in range(4)]
        assert taken == [b"abcdef", words("a"), Flush(), b"ghij"]
        assert await waits(recording.take())
        recording.end()
        assert not recording.end_is_sent
        assert await recording.take() == End()
        assert recording.end_is_sent
        assert await waits(recording.take())
        assert (recording.samples, recording.sent) == (2, 2)

    asyncio.run(run())


def test_rewinding_says_again_what_was_said_from_a_sample_on() -> None:
    async def run() -> None:
        recording = Recording(START)
        said = (bytes(10), words("at 2.5"), bytes([1] * 10), words("at 5"), bytes([2] * 8))
        for item in said:
            await recording.put(item)
        recording.end()
        for _ in range(6):
            await recording.take()
        assert recording.rewind(0) == "first"
        assert [await recording.take() for _ in range(6)] == [*said, End()]
        assert recording.rewind(3) == "at 2.5"
        assert not recording.end_is_sent
        assert [await recording.take() for _ in range(4)] == [
            bytes([1] * 8),
            words("at 5"),
            bytes([2] * 8),
            End(),
        ]
        assert recording.rewind(5) == "at 2.5"
        assert [await recording.take() for _ in range(2)] == [words("at 5"), bytes([2] * 8)]
        assert recording.rewind(6) == "at 5"

    asyncio.run(run())


def test_forgotten_words_stay_in_force() -> None:
    async def run() -> None:
        recording = Recording(START)
        for item in (bytes(8), words("at 2"), bytes(40)):
            await recording.put(item)
            await recording.take()
        recording.forget(2)
        assert recording.rewind(2) == "first"
        recording.forget(3)
        assert recording.rewind(3) == "at 2"
        recording.forget(12)
        assert (recording.samples, recording.rewind(12)) == (12, "at 2")

    asyncio.run(run())


def test_an_answered_flush_is_not_sent_again() -> None:
    async def run() -> None:
        recording = Recording(START)
        for item in (bytes(8), Flush(), bytes(8), Flush(), bytes(8)):
            await recording.put(item)
        for _ in range(4):
            await recording.take()
        recording.answered_flush()
        recording.rewind(0)
        assert [await recording.take() for _ in range(3)] == [bytes(16), Flush(), bytes(8)]
        recording.answered_flush()
        recording.answered_flush()
        recording.rewind(0)
        assert await recording.take() == bytes(24)

    asyncio.run(run())


def test_a_flush_that_was_not_sent_is_not_taken_for_answered() -> None:
    async def run() -> None:
        recording = Recording(START)
        await recording.put(Flush())
        recording.answered_flush()
        assert await recording.take() == Flush()

    asyncio.run(run())


@pytest.mark.parametrize("size", [1, 7, 1000, 5 * FRAME])
def test_the_source_waits_where_there_is_no_room(size: int) -> None:
    room = 3200

    async def fill(recording: Recording) -> int:
        """Put in pieces until one has to wait; how many bytes there are then."""
        while not await waits(recording.put(bytes(size))):
            pass
        return recording.samples * FRAME_BYTES

    async def run() -> None:
        recording = Recording(START, keep_s=0.1)
        kept = await fill(recording)
        assert room - FRAME_BYTES < kept < room + min(size, FRAME)
        while recording.sent < 400:
            await recording.take()
        assert await waits(recording.put(bytes(size)))
        recording.forget(400)
        kept = await fill(recording)
        assert room - FRAME_BYTES < kept - 1600 < room + min(size, FRAME)

    asyncio.run(run())


def test_what_is_said_without_audio_is_bounded_too() -> None:
    async def run() -> None:
        recording = Recording(START)
        for _ in range(MOST_UNSENT):
            await recording.put(Flush())
        assert await waits(recording.put(Flush()))
        await recording.take()
        assert not await waits(recording.put(Flush()))

    asyncio.run(run())


def test_a_source_that_never_waits_lets_others_run() -> None:
    async def run() -> None:
        ran = asyncio.Event()
        asyncio.get_running_loop().call_soon(ran.set)
        recording = Recording(START)
        while not ran.is_set():
            await recording.put(b"")

    asyncio.run(run())
