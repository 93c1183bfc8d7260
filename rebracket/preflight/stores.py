"""Whether the storage of limits and the store of predictions can be used."""

from collections.abc import Iterator
from pathlib import Path

from rebracket.config import Monitoring, RateLimit
from rebracket.errors import LimiterError, PredictionStoreError
from rebracket.gateway.limits.limiter import SQLITE, open_storage
from rebracket.monitoring.store import PredictionStore
from rebracket.preflight.folders import unwritable


def limit_problems(settings: RateLimit) -> Iterator[str]:
    """What stops shares from being counted, where they are. Redis may come later: none is connected."""
    if not settings.enabled:
        return
    of_file = settings.storage.startswith(SQLITE)
    path = Path(settings.storage.removeprefix(SQLITE))
    if of_file and (reason := unwritable(path)):
        yield f"deployment.rate_limit.storage: {path} can't be written: {reason}"
    elif not of_file or path.exists():
        try:
            open_storage(settings).close()
        except LimiterError as error:
            yield str(error)


def prediction_problems(settings: Monitoring) -> Iterator[str]:
    """What stops predictions from being kept."""
    path = settings.store
    if reason := unwritable(path):
        yield f"deployment.monitoring.store: {path} can't be written: {reason}"
    elif path.exists():
        try:
            PredictionStore(path, max_rows=settings.max_rows, max_bytes=settings.max_bytes).close()
        except PredictionStoreError as error:
            yield str(error)
