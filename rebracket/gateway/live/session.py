"""One live stream, whatever it comes by: commands in, events out."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TypeVar

from starlette.requests import ClientDisconnect
from starlette.websockets import WebSocketDisconnect

from rebracket.config import Streaming
from rebracket.errors import (
    Draining,
    FieldError,
    InvalidRequest,
    SlowRequest,
    Unauthorized,
    Undecodable,
)
from rebracket.gateway import caller, draining
from rebracket.gateway.live.seats import Seats, load
from rebracket.inference.predictor import Reader
from rebracket.inference.runner import Runner
from rebracket.inference.stream import Stream, Voice
from rebracket.messages import (
    Event,
    Flush,
    NewWords,
    Reading,
    Ready,
)
from rebracket.monitoring import trace
from rebracket.monitoring.metrics import STREAM_LAG
from rebracket.monitoring.monitor import Monitor
from rebracket.segment.live.ear import Ear
from rebracket.segment.live.grid import Grid
from rebracket.segment.live.pcm import Decoder, Samples, Shape
from rebracket.tally import Tally

T = TypeVar("T")
Command = bytes | Flush | NewWords
Send = Callable[[Event], Awaitable[None]]

KEY_EVERY_S = 1.0
"""How often a live stream's key is looked at again."""


@dataclass(slots=True)
class Host:
    """What the live streams of one worker share; `choose` says who reads for whoever asks."""

    runner: Runner
    monitor: Monitor
    choose: Callable[[], Reader]
    seats: Seats
    settings: Streaming
    origins: Collection[str] = ()


def _hearing(reader: Reader) -> Reader:
    """A reader that reads sound.

    Raises:
        InvalidRequest: this one does not.
    """
    if "sound" in reader.engines:
        return reader
    message = f"The model {reader.model.tag} does not read audio"
    raise InvalidRequest([FieldError(loc=["audio"], msg=message, type="not_read_by_this_model")])


async def arriving(coming: Awaitable[T], idle_s: float) -> T:
    """What a client sends next.

    Raises:
        SlowRequest: nothing came in time.
    """
    try:
        async with asyncio.timeout(idle_s):
            return await coming
    except TimeoutError:
        raise SlowRequest(f"Nothing came for {idle_s:g} s") from None


class Session:
    """Reads one client's commands, and answers with events until the one or the other ends."""

    def __init__(self, host: Host, wanted: Reading, decoder: Decoder, send: Send) -> None:
        self._host = host
        self._wanted = wanted
        self._decoder = decoder
        self._send_event = send
        self._reader = _hearing(host.choose())
        self._stream: Stream | None = None
        self._skip = 0
        self._tally = Tally()
        self._open = asyncio.Event()
        self._held = ExitStack()

    async def run(self, commands: AsyncIterator[Command]) -> None:
        """Answer until the commands end.

        Raises:
            RequestError: why the stream ended before.
            ClientDisconnect, WebSocketDisconnect: the client is gone.
        """
        trace.current().model = self._reader.ref
        unlogged = replace(trace.current())
        monitored = self._host.monitor.request(self._reader, request=unlogged)
        gone: Exception | None = None
        with self._held, monitored as self._observe:
            try:
                await self._side_by_side(commands)
            except (ClientDisconnect, WebSocketDisconnect) as error:
                gone = error  # which is no failure to be noted
            finally:
                trace.current().items = self._tally.windows
                if self._stream is not None:
                    self._stream.close()
        if gone is not None:
            raise gone

    @property
    def resume_at(self) -> int | None:
        """Where the first window begins that was not answered; None where none could be."""
        return self._stream.resume_at if self._stream else None

    async def _side_by_side(self, commands: AsyncIterator[Command]) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                watching = [
                    group.create_task(self._watch_key()),
                    group.create_task(self._watch_worker()),
                ]
                group.create_task(self._listen(commands))
                await group.create_task(self._tell())
                for task in watching:
                    task.cancel()
        except BaseExceptionGroup as found:
            raise found.exceptions[0] from None

    async def _listen(self, commands: AsyncIterator[Command]) -> None:
        if self._decoder.shape is not None:
            await self._begin(self._decoder.shape)
        async for command in commands:
            if isinstance(command, bytes):
                await self._hear(self._decode(command))
            elif isinstance(command, Flush):
                await self._begun.flush()
            else:
                self._begun.say(command.text)
        await self._hear(self._decode(None))
        await self._begun.end()

    def _decode(self, data: bytes | None) -> Samples:
        try:
            return self._decoder.finish() if data is None else self._decoder.feed(data)
        except Undecodable as error:
            raise InvalidRequest(
                [FieldError(loc=["audio"], msg=str(error), type="undecodable")]
            ) from None

    async def _hear(self, samples: Samples) -> None:
        if self._stream is None and self._decoder.shape is not None:
            await self._begin(self._decoder.shape)
        if self._skip:
            skipped = samples[: self._skip]
            self._skip -= len(skipped)
            samples = samples[len(skipped) :]
        if len(samples):
            await self._begun.hear(samples)

    @property
    def _begun(self) -> Stream:
        assert self._stream is not None, "a decoder gives no samples before their shape"
        return self._stream

    async def _begin(self, shape: Shape) -> None:
        """Take a seat, and say that audio may come."""
        wanted, defaults = self._wanted, self._host.settings
        grid = Grid.of(
            shape.rate,
            defaults.window_s if wanted.window_s is None else wanted.window_s,
            defaults.overlap if wanted.overlap is None else wanted.overlap,
        )
        self._held.enter_context(self._host.seats.taken(load(grid, shape.channels)))
        first = grid.first_from(wanted.from_sample)
        self._skip = grid.start(first) - wanted.from_sample
        self._stream = Stream(
            Ear(grid, shape.channels, first),
            Voice(
                self._host.runner,
                self._reader,
                caller.subject(),
                caller.charge_work,
                self._observe,
            ),
        )
        self._stream.say(wanted.text)
        await self._send(
            Ready(
                session_id=trace.current().request_id,
                window_samples=grid.window,
                hop_samples=grid.hop_samples,
            )
        )
        self._open.set()

    async def _tell(self) -> None:
        await self._open.wait()
        async for window in self._begun.answers():
            if not window.partial:
                self._tally.add(window)
            if not self._begun.is_behind:
                self._host.seats.note(window.lag_ms)
            STREAM_LAG.observe(window.lag_ms / 1000)
            await self._send(window)
        stream = self._begun
        summary = self._tally.summary(samples=stream.heard_to, read_to=stream.read_to)
        await self._send(summary)

    async def _send(self, event: Event) -> None:
        """Raises SlowRequest where the client does not read."""
        try:
            async with asyncio.timeout(self._host.settings.stall_s):
                await self._send_event(event)
        except TimeoutError:
            seconds = self._host.settings.stall_s
            raise SlowRequest(f"No answer was read for {seconds:g} s") from None

    async def _watch_key(self) -> None:
        while True:
            await asyncio.sleep(KEY_EVERY_S)
            if not caller.is_valid():
                raise Unauthorized

    async def _watch_worker(self) -> None:
        await draining.begun()
        raise Draining("This worker is ending; go on with another one", retry_after_s=1)
