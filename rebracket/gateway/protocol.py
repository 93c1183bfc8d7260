"""uvicorn's HTTP protocol with bounds: header size and time, connections, readers that don't read.

uvicorn bounds none of them for httptools, and BentoML builds uvicorn's configuration itself, so
`install` puts this class where uvicorn looks for its default one. Both are pinned exactly for that.
"""

from asyncio import TimerHandle, Transport
from typing import Any

from starlette.responses import Response
from uvicorn.config import HTTP_PROTOCOLS, WS_PROTOCOLS
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from rebracket.config import Api, settings
from rebracket.errors import BadRequest, HeadersTooLarge, RequestError, SlowRequest, Unavailable
from rebracket.gateway import draining, problems
from rebracket.gateway.middleware import new_request_id

MAX_FIELDS = 100
LINGER_S = 2.0
RETRY_AFTER_S = 2


def install() -> None:
    """Make uvicorn's default protocols this one and `BoundedWebSocket`."""
    HTTP_PROTOCOLS["auto"] = f"{__name__}:BoundedProtocol"
    WS_PROTOCOLS["auto"] = "rebracket.gateway.websocket:BoundedWebSocket"


class BoundedProtocol(HttpToolsProtocol):
    """One connection. A header that is too long or too slow is answered and ends it.

    So does a request whose answer is complete while its body still comes in: after `LINGER_S`
    seconds, in which the client may read the answer.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.bounds: Api = settings().deployment.api
        self.in_header = True
        self.in_body = False
        self.header_bytes = 0
        self.refusal: RequestError | None = None
        self.timer: TimerHandle | None = None
        self.write_timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Refuse the connection where there are too many."""
        super().connection_made(transport)
        if len(self.connections) > self.bounds.max_connections:
            self.refuse(Unavailable("Too many connections", retry_after_s=RETRY_AFTER_S))
            return
        self.expect_header()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timers."""
        self.stop_timer()
        if self.write_timer is not None:
            self.write_timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what comes in before a header is complete."""
        if self.transport.is_closing():
            return
        if self.in_header and self.timer is None:
            self.expect_header()
        self.header_bytes += len(data)
        super().data_received(data)
        if self.in_header and self.header_bytes > self.bounds.max_header_bytes:
            self.refuse(self.too_large())

    def on_message_begin(self) -> None:
        """Time the header, also where it came with the end of the request before."""
        super().on_message_begin()
        self.header_bytes = max(1, self.header_bytes)
        if self.timer is None:
            self.expect_header()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count the fields."""
        super().on_header(name, value)
        if len(self.headers) > MAX_FIELDS:
            self.stop_parsing(HeadersTooLarge(f"A request may have {MAX_FIELDS} header fields"))

    def on_headers_complete(self) -> None:
        """The header is here; the body has its own bounds."""
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > self.bounds.max_header_bytes:
            self.stop_parsing(self.too_large())
        self.stop_timer()
        self.in_header, self.in_body = False, True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The next request may come."""
        super().on_message_complete()
        self.in_header, self.in_body = True, False
        self.header_bytes = 0
        self.stop_timer()

    def on_response_complete(self) -> None:
        """Don't wait for a body that nobody reads any more."""
        super().on_response_complete()
        if self.in_body and not self.transport.is_closing():
            self.stop_timer()
            self.timer = self.loop.call_later(LINGER_S, self.transport.close)

    def pause_writing(self) -> None:
        """A client that does not read its answer is dropped after a while."""
        super().pause_writing()
        self.write_timer = self.loop.call_later(self.bounds.timeout_s, self.transport.abort)

    def resume_writing(self) -> None:
        """It reads again."""
        super().resume_writing()
        if self.write_timer is not None:
            self.write_timer.cancel()

    def shutdown(self) -> None:
        """Tell live streams that the worker is ending."""
        draining.begin()
        super().shutdown()

    def send_400_response(self, msg: str) -> None:
        """What uvicorn answers to bytes that it can't parse, or that we stopped parsing."""
        del msg
        self.refuse(self.refusal or BadRequest("The request is not valid HTTP/1.1"))

    def expect_header(self) -> None:
        """Start the time in which the header must come."""
        self.stop_timer()
        self.timer = self.loop.call_later(self.bounds.header_timeout_s, self.header_is_late)

    def header_is_late(self) -> None:
        """Answer a request of which a part has come; close a connection that never said a word."""
        self.timer = None
        if self.header_bytes:
            seconds = self.bounds.header_timeout_s
            self.refuse(SlowRequest(f"The header took longer than {seconds:g} s"))
        elif not self.transport.is_closing():
            self.transport.close()

    def stop_timer(self) -> None:
        """Nothing is waited for."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def too_large(self) -> HeadersTooLarge:
        """Says what the limit is."""
        limit = self.bounds.max_header_bytes
        return HeadersTooLarge(f"Request line and header may hold {limit} bytes at most")

    def stop_parsing(self, error: RequestError) -> None:
        """Leave the parser, which answers with `send_400_response`."""
        self.refusal = error
        raise error

    def refuse(self, error: RequestError) -> None:
        """Answer in the application's place, if it has not begun to, and close."""
        if self.transport.is_closing():
            return
        cycle = self.cycle
        if cycle is not None and not cycle.response_started:
            cycle.disconnected = True
            cycle.message_event.set()
        if cycle is None or not cycle.response_started or cycle.response_complete:
            self.transport.write(_as_bytes(problems.respond(error, new_request_id())))
        self.stop_timer()
        self.transport.close()


def _as_bytes(response: Response) -> bytes:
    fields = [*response.raw_headers, (b"connection", b"close")]
    head = b"".join(name + b": " + value + b"\r\n" for name, value in fields)
    return STATUS_LINE[response.status_code] + head + b"\r\n" + bytes(response.body)
