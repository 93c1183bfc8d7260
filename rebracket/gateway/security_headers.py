"""Header fields that tell browsers to do nothing with the answers of an API."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Fields = tuple[tuple[bytes, bytes], ...]

FIELDS: Fields = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
POLICY = b"content-security-policy"
NOTHING = (POLICY, b"default-src 'none'; frame-ancestors 'none'")
PAGE = (POLICY, b"default-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'")
"""For BentoML's page of the API, whose scripts stand in it."""
STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000")


class SecurityHeaders:
    """Adds them to every answer, where the answer has no say of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_fields(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = dict(message["headers"])
                page = given.get(b"content-type", b"").startswith(b"text/html")
                fields = [PAGE if page else NOTHING, *FIELDS]
                if scope.get("scheme") == "https":
                    fields.append(STRICT_TRANSPORT)
                own = [field for field in fields if field[0] not in given]
                message["headers"] = [*message["headers"], *own]
            await send(message)

        await self.app(scope, receive, send_with_fields)
