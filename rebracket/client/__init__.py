"""The Python client: `Client` blocks, `AsyncClient` awaits; both speak in `rebracket.schemas`."""

try:
    import httpx2 as _httpx2  # noqa: F401
except ModuleNotFoundError as error:
    if error.name != "httpx2":
        raise
    raise ImportError(
        "rebracket.client needs the extra 'client': pip install 'rebracket[client]'"
    ) from None

from rebracket.client.asynchronous import AsyncClient
from rebracket.client.retries import Retries
from rebracket.client.synchronous import Client

__all__ = ["AsyncClient", "Client", "Retries"]
