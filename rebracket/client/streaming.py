"""Live audio over WebSocket: one stream, over as many connections as it takes."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from pydantic import ValidationError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from rebracket.client import breaks
from rebracket.client.address import Address
from rebracket.client.asks import REQUEST_ID
from rebracket.client.progress import Progress
from rebracket.client.recording import FRAME, Recording
from rebracket.client.retries import Attempts, Retries
from rebracket.client.synchronous import CONNECT_S
from rebracket.errors import CallError, TimedOut, UnreadableAnswer
from rebracket.messages import (
    EVENT,
    End,
    Event,
    Flush,
    NewWords,
    Ready,
    Start,
    StreamFailed,
    Summary,
    WindowRead,
)

Heard = Ready | WindowRead | Summary
"""What a stream hands on."""

LARGEST_EVENT = 2**16
CLOSE_S = 2.0
"""Seconds that the service has to say goodbye."""

PAUSE_S = 0.002
"""Seconds after a short frame in which what the source says is put into one: services count frames."""


@dataclass(frozen=True, slots=True)
class Line:
    """Where streams go, and how patiently: seconds for an answer, and for all attempts in a row."""

    address: Address
    timeout_s: float
    total_s: float
    retries: Retries


class Stream:
    """One stream: what its source says goes out, windows come in, and neither waits for the other."""

    def __init__(
        self,
        line: Line,
        start: Start,
        audio: AsyncIterable[bytes | Flush | NewWords],
        request_id: str,
    ) -> None:
        self._line = line
        self._start = start
        self._audio = audio
        self._recording = Recording(start)
        self._progress = Progress(request_id)
        self._attempts: Attempts | None = None
        self._is_over = False
        self._events: asyncio.Queue[Heard | None] = asyncio.Queue()

    async def events(self) -> AsyncGenerator[Heard, None]:
        """What is heard; closing it closes the connection.

        Windows that nobody took stay in the recording, so a reader that is slow holds up the source.

        Raises:
            CallError: the stream ended early, and trying again did not help.
        """
        task = asyncio.create_task(self._run())
        task.add_done_callback(lambda _: self._events.put_nowait(None))
        try:
            while (event := await self._events.get()) is not None:
                if isinstance(event, WindowRead) and not event.partial:
                    self._recording.forget(self._progress.after(event))
                yield event
            await task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        with _first_error():
            async with asyncio.TaskGroup() as group:
                recording = group.create_task(self._record())
                await self._converse()
                recording.cancel()
        self._events.put_nowait(self._progress.summary(self._recording.samples))

    async def _record(self) -> None:
        async for item in self._audio:
            await self._recording.put(item)
        self._recording.end()

    async def _converse(self) -> None:
        """Connect until everything is answered."""
        while not (self._is_over or self._is_answered()):
            try:
                await self._connect()
            except CallError as error:
                # Counted from the first failure on: streams may last.
                self._attempts = self._attempts or Attempts(self._line.retries, self._line.total_s)
                await asyncio.sleep(self._attempts.wait_s(error))

    def _is_answered(self) -> bool:
        """Whether only the summary is missing: beginning once more would read the last window's end again."""
        recording, progress = self._recording, self._progress
        began = progress.ready is not None
        return began and recording.has_ended and recording.samples <= progress.read_to

    async def _connect(self) -> None:
        """Go on with the stream over a new connection, until the summary."""
        socket = await self._opened()
        try:
            await self._begin(socket)
            with _first_error():
                async with asyncio.TaskGroup() as group:
                    sending = group.create_task(self._send(socket))
                    await self._receive(socket)
                    sending.cancel()
        finally:
            await socket.close()

    async def _opened(self) -> ClientConnection:
        address, request_id = self._line.address, self._progress.request_id
        try:
            return await connect(
                address.socket("stream"),
                additional_headers={**address.headers, REQUEST_ID: request_id},
                compression=None,
                open_timeout=min(CONNECT_S, self._line.timeout_s),
                close_timeout=CLOSE_S,
                max_size=LARGEST_EVENT,
            )
        except (OSError, WebSocketException) as error:
            raise breaks.not_opened(error, request_id) from None

    async def _begin(self, socket: ClientConnection) -> None:
        text = self._recording.rewind(self._progress.resume_at)
        start = self._start.model_copy(
            update={"text": text, "from_sample": self._progress.resume_at}
        )
        with suppress(ConnectionClosed):  # what came before says why
            await socket.send(start.model_dump_json(exclude_none=True))
        ready = await self._next(socket, due=True)
        if not isinstance(ready, Ready):
            raise self._unreadable(f"'ready' was expected, not '{ready.type}'")
        if self._progress.begin(ready):
            self._events.put_nowait(ready)

    async def _send(self, socket: ClientConnection) -> None:
        """Say what the recording holds; whoever receives finds out why a connection ends."""
        item: bytes | Flush | NewWords | End = b""
        with suppress(ConnectionClosed):
            while not isinstance(item, End):
                item = await self._recording.take()
                if isinstance(item, bytes):
                    await socket.send(item)
                else:
                    await socket.send(item.model_dump_json())
                if not isinstance(item, bytes) or len(item) < FRAME:
                    await asyncio.sleep(PAUSE_S)

    async def _receive(self, socket: ClientConnection) -> None:
        while not isinstance(event := await self._next(socket, due=False), Summary):
            if not isinstance(event, WindowRead):
                raise self._unreadable(f"'window' was expected, not '{event.type}'")
            self._take(event)
        if not self._recording.end_is_sent or event.samples < self._recording.samples:
            raise self._unreadable("the summary came before all audio was heard")
        self._is_over = True

    def _take(self, window: WindowRead) -> None:
        if not self._progress.take(window, self._recording.sent):
            return
        if window.partial:
            self._recording.answered_flush()
        else:
            self._attempts = None
        self._events.put_nowait(window)

    async def _next(self, socket: ClientConnection, *, due: bool) -> Heard:
        """What the service says next.

        Raises:
            CallError: that the stream can't go on, something else than an event, nothing although
                an answer is due, or the connection broke.
        """
        while True:
            is_due = due or self._is_due()
            try:
                async with asyncio.timeout(self._line.timeout_s):
                    return self._read(await socket.recv())
            except TimeoutError:
                if is_due:
                    raise TimedOut("no answer in time", request_id=self._id) from None
            except ConnectionClosed as error:
                raise breaks.closed(error, self._id) from None

    def _is_due(self) -> bool:
        """Whether all that the next answer needs was sent."""
        recording = self._recording
        return recording.end_is_sent or recording.sent >= self._progress.due_at

    def _read(self, data: str | bytes) -> Heard:
        try:
            event: Event = EVENT.validate_json(data, extra="ignore")
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            place = ".".join(map(str, first["loc"])) or "the event"
            raise self._unreadable(f"{place}: {first['msg']}") from None
        if isinstance(event, StreamFailed):
            raise breaks.failed(event, self._id)
        return event

    @property
    def _id(self) -> str:
        return self._progress.request_id

    def _unreadable(self, message: str) -> UnreadableAnswer:
        return UnreadableAnswer(f"not this API's answer: {message}", request_id=self._id)


@contextmanager
def _first_error() -> Iterator[None]:
    """The first error of a group of tasks, without the group."""
    first: BaseException | None = None
    try:
        yield
    except BaseExceptionGroup as found:
        first = found.exceptions[0]
    if first is not None:
        raise first
