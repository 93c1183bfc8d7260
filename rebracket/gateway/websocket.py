"""uvicorn's WebSocket protocol with bounds: frame size, readers that don't read, and an end that is told.

`protocol.install` puts it where uvicorn looks for its default one.
"""

from asyncio import TimerHandle
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.server import ServerProtocol

from rebracket.config import Streaming, settings
from rebracket.errors import PayloadTooLarge
from rebracket.gateway import draining
from rebracket.gateway.live import failed
from rebracket.messages import dumps

LINGER_S = 2.0
LAST_WORD_S = 5.0
"""Seconds in which a stream may say that the worker is ending."""


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """One connection, without compression: audio has none to gain, and a bomb none to hide in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.bounds: Streaming = settings().deployment.streaming
        self.conn = ServerProtocol(max_size=self.bounds.max_frame_bytes, logger=self.logger)
        self.write_timer: TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer."""
        self.stop_write_timer()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """A client that does not read its answers is dropped after a while."""
        super().pause_writing()
        # Later than the stream's own limit, so that the log says why it ended.
        self.write_timer = self.loop.call_later(self.bounds.stall_s * 2, self.transport.abort)

    def resume_writing(self) -> None:
        """It reads again."""
        super().resume_writing()
        self.stop_write_timer()

    def handle_parser_exception(self) -> None:
        """Say what was wrong, and close.

        Not at once: what a client still sends would have its system throw away what it was told.
        """
        closing = self.conn.close_sent
        if closing is None or self.close_sent:
            return
        if closing.code == failed.TOO_BIG:
            limit = self.bounds.max_frame_bytes
            event = failed.event(PayloadTooLarge(f"A frame may hold {limit} bytes at most"))
            frame = Frame(Opcode.TEXT, dumps(event).encode())
            self.transport.write(frame.serialize(mask=False))
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.queue.put_nowait({"type": "websocket.disconnect", "code": closing.code})
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(LINGER_S, self.transport.close)

    def shutdown(self) -> None:
        """Let the stream say that the worker is ending, and end it."""
        draining.begin()
        if not self.handshake_complete or self.close_sent:
            super().shutdown()
        else:
            self.loop.call_later(LAST_WORD_S, super().shutdown)

    def stop_write_timer(self) -> None:
        """Writing is not waited for."""
        if self.write_timer is not None:
            self.write_timer.cancel()
            self.write_timer = None
