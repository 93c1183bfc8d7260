"""Where the service is and with which key: from arguments, else from the environment."""

import os
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

from rebracket.errors import ConfigError

URL_VARIABLE = "REBRACKET_URL"
KEY_VARIABLE = "REBRACKET_API_KEY"
SOCKETS = {"http": "ws", "https": "wss"}


@dataclass(frozen=True, slots=True)
class Address:
    """The service's URL and the header that opens it; without a key there is none."""

    url: str
    headers: dict[str, str] = field(repr=False)

    @classmethod
    def find(cls, base_url: str | None, api_key: str | None) -> Self:
        """Arguments win over `REBRACKET_URL` and `REBRACKET_API_KEY`.

        Raises:
            ConfigError: there is no URL, or the URL or key can't be one.
        """
        url = base_url or os.environ.get(URL_VARIABLE, "")
        if not url:
            raise ConfigError(f"where is the service? Give base_url or set {URL_VARIABLE}")
        key = (api_key or os.environ.get(KEY_VARIABLE, "")).strip()
        return cls(_checked(url), {"Authorization": f"Bearer {_readable(key)}"} if key else {})

    def socket(self, path: str) -> str:
        """The URL of a WebSocket below the service's."""
        scheme, rest = self.url.split(":", 1)
        return f"{SOCKETS[scheme.lower()]}:{rest.rstrip('/')}/{path}"


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise ConfigError(f"{URL_VARIABLE}: expected http://HOST:PORT or https://HOST, got {url!r}")
    return url


def _readable(key: str) -> str:
    if not (key.isascii() and key.isprintable()):
        raise ConfigError(f"{KEY_VARIABLE}: the key has characters that no key has")
    return key
