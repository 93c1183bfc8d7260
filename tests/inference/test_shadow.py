"""A shadow reads what was answered, when there is time, and nobody notices."""

import asyncio
from collections.abc import Sequence

import pytest
from prometheus_client import REGISTRY

from rebracket.errors import Unavailable
from rebracket.inference.shadow import AT_ONCE, MUSIC_BYTES, Shadow
from rebracket.schemas import Segment

DOOR = Segment(text="a door")


def left_out() -> float:
    return REGISTRY.get_sample_value("rebracket_dropped_items_total", {"reason": "shadow"}) or 0.0


class Reader:
    """Notes what it reads, when it may."""

    def __init__(self, error: Exception | None = None) -> None:
        self.read: list[Segment] = []
        self.error = error
        self.may = asyncio.Event()
        self.may.set()

    async def __call__(self, segments: Sequence[Segment]) -> None:
        await self.may.wait()
        if self.error:
            raise self.error
        self.read += segments


@pytest.mark.parametrize(("idle", "wanted"), [(True, [DOOR, DOOR]), (False, [])])
def test_what_was_answered_is_read_too_unless_others_wait(
    idle: bool, wanted: list[Segment]
) -> None:
    async def run() -> list[Segment]:
        reader = Reader()
        shadow = Shadow(reader, is_idle=lambda: idle)
        shadow.follow([DOOR, DOOR])
        await shadow.close()
        return reader.read

    before = left_out()
    assert asyncio.run(run()) == wanted
    assert left_out() == before + 2 - len(wanted)


def test_it_reads_so_many_at_once_and_no_more() -> None:
    async def run() -> int:
        reader = Reader()
        reader.may.clear()
        shadow = Shadow(reader, is_idle=lambda: True)
        for _ in range(AT_ONCE + 5):
            shadow.follow([DOOR])
        reader.may.set()
        await shadow.close()
        return len(reader.read)

    before = left_out()
    assert asyncio.run(run()) == AT_ONCE
    assert left_out() == before + 5


def test_it_holds_no_more_music_than_it_may() -> None:
    song = Segment(audio=bytes(MUSIC_BYTES // 2 + 1))

    async def run() -> int:
        reader = Reader()
        shadow = Shadow(reader, is_idle=lambda: True)
        shadow.follow([song])
        shadow.follow([song])
        await shadow.close()
        await asyncio.sleep(0)
        shadow.follow([song])
        await shadow.close()
        return len(reader.read)

    before = left_out()
    assert asyncio.run(run()) == 2
    assert left_out() == before + 1


def test_a_refusal_leaves_out_and_a_fault_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def run(error: Exception) -> None:
        shadow = Shadow(Reader(error), is_idle=lambda: True)
        shadow.follow([DOOR])
        await shadow.close()

    before = left_out()
    asyncio.run(run(Unavailable("busy", retry_after_s=1)))
    assert left_out() == before + 1
    assert caplog.records == []
    asyncio.run(run(RuntimeError("fell over")))
    assert "the shadow failed" in caplog.text
