"""One stream: sends by the clock, whatever the server does, and notes when answers come."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from loadtests.streams.plan import Plan
from loadtests.streams.record import WELL, Ended, Heard, Record
from rebracket.messages import EVENT, End, Ready, StreamFailed, Summary, WindowRead

PATIENCE_S = 20.0
"""How long a server may take after the end for what is left."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where streams go, and what they say of themselves."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)


class Clock:
    """Seconds; the same for all processes of a machine."""

    def now(self) -> float:
        """The time."""
        return perf_counter()

    async def until(self, at: float) -> None:
        """Return then, or at once if that has passed."""
        await asyncio.sleep(max(0.0, at - self.now()))


class Player:
    """Plays stream `number` of a plan whose time began or begins at `start`."""

    def __init__(
        self, plan: Plan, number: int, frames: Sequence[bytes], start: float, clock: Clock
    ) -> None:
        self._plan = plan
        self._frames = frames
        self._start = start
        self._clock = clock
        self._queue: asyncio.Queue[bytes | str] = asyncio.Queue()
        self.record = Record(number)

    async def play(self, address: Address) -> Record:
        """Open, play to the end, close; whatever goes wrong is in the record."""
        opens = self._plan.begins_s(self.record.number) - self._plan.begins_s(0)
        await self._clock.until(self._start + opens)
        try:
            async with connect(
                address.url,
                additional_headers=address.headers,
                compression=None,
                ping_interval=None,
                proxy=None,
            ) as socket:
                await self._talk(socket)
        except InvalidStatus as error:
            after = error.response.headers.get("Retry-After")
            self.record.ended = Ended(
                error.response.status_code, "handshake", int(after) if after else None
            )
        except (OSError, TimeoutError, InvalidHandshake, ConnectionClosed) as error:
            self.record.ended = Ended(0, f"{type(error).__name__}: {error}")
        return self.record

    async def _talk(self, socket: ClientConnection) -> None:
        """Sound and listen until the server closes."""
        sounding: list[asyncio.Task[None]] = []
        left_s = self._plan.begins_s(self.record.number) + self._plan.due_s(self._plan.frames)
        try:
            async with asyncio.timeout(left_s + PATIENCE_S):
                await socket.send(self._plan.opening().model_dump_json())
                async for message in socket:
                    event = EVENT.validate_json(message)
                    if isinstance(event, Ready):
                        sounding = [
                            asyncio.create_task(self._pace()),
                            asyncio.create_task(self._send(socket)),
                        ]
                    else:
                        self._note(event)
        except TimeoutError:
            self.record.ended = Ended(0, f"no end {PATIENCE_S:.0f} s after the last sample")
        except ConnectionClosed as closed:
            if closed.rcvd is None or closed.rcvd.code != self.record.ended.code:
                self.record.ended = Ended(closed.rcvd.code if closed.rcvd else 0, "closed")
        finally:
            for task in sounding:
                task.cancel()
            await asyncio.gather(*sounding, return_exceptions=True)

    async def _pace(self) -> None:
        """Hand frames over when they are due; a server that reads slowly holds up none of them."""
        record, plan, clock = self.record, self._plan, self._clock
        begin = max(self._start + plan.begins_s(record.number), clock.now())
        for index in range(plan.frames):
            due = begin + plan.due_s(index)
            await clock.until(due)
            handed = clock.now()
            record.handed.append(handed - self._start)
            record.late.append(handed - due)
            self._queue.put_nowait(self._frames[index % len(self._frames)])
        self._queue.put_nowait(End().model_dump_json())

    async def _send(self, socket: ClientConnection) -> None:
        while True:
            await socket.send(await self._queue.get())

    def _note(self, event: WindowRead | Summary | StreamFailed) -> None:
        arrived = self._clock.now() - self._start
        if isinstance(event, Summary):
            self.record.ended = Ended(WELL)
        elif isinstance(event, StreamFailed):
            self.record.ended = Ended(event.code, event.error, event.retry_after_s)
        elif not (event.final or event.partial):
            self.record.heard.append(
                Heard(
                    seq=event.seq,
                    start=event.start_sample,
                    end=event.end_sample,
                    handed=self.record.handed[self._plan.frame_of(event.end_sample)],
                    arrived=arrived,
                    said_ms=event.lag_ms,
                )
            )
