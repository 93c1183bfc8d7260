"""The keys as one process knows them: all in memory, read again as soon as one changes.

A request costs no look-up in the database, and a known id takes as long to refuse as an unknown one.
"""

import asyncio
import logging
import os
from collections.abc import Callable
from dataclasses import replace
from time import monotonic

from rebracket.config import BOOTSTRAP_VARIABLE
from rebracket.errors import ConfigError, KeyStoreError, Unauthorized, Unavailable
from rebracket.gateway.key_records import KeyRecord, now
from rebracket.gateway.key_store import KeyStore
from rebracket.gateway.keys import NOBODY, Key, same

RETRY_AFTER_S = 5

logger = logging.getLogger(__name__)


class Keyring:
    """Knows every key of the store; `watch` keeps it current.

    A store that can't be read for `max_stale_s` seconds ends the trust in what is known: every
    check raises `Unavailable` until it can be read again.
    """

    def __init__(
        self,
        url: str,
        *,
        refresh_s: float,
        max_stale_s: float,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._url = url
        self._refresh_s = refresh_s
        self._max_stale_s = max_stale_s
        self._clock = clock
        self._store: KeyStore | None = None
        self._records: dict[str, KeyRecord] = {}
        self._revision = -1
        self._read_at = -float("inf")
        self._nobody = replace(_EMPTY, digest=NOBODY.digest)

    def open(self) -> None:
        """Open the store, put the bootstrap key into an empty one, read the keys. Blocks.

        Raises:
            KeyStoreError: the store can't be opened.
            ConfigError: the bootstrap key is not a key.
        """
        first = _bootstrap_key()
        self._store = KeyStore.open(self._url)
        if first is not None:
            self._store.put_first(first)
        self.refresh()
        if not self._records:
            logger.warning(
                "The key store is empty: every request gets 401. "
                "Make a key: rebracket keys create --name NAME"
            )

    def close(self) -> None:
        """Close the store."""
        if self._store is not None:
            self._store.close()

    def refresh(self) -> None:
        """Read the keys if any has changed. Blocks.

        Raises:
            KeyStoreError: the store can't be read.
        """
        assert self._store is not None, "open comes first"
        started = self._clock()
        revision = self._store.revision()
        if revision != self._revision:
            self._records = {record.id: record for record in self._store.list()}
            self._revision = revision
        self._read_at = started

    async def watch(self) -> None:
        """Refresh for ever; a store that can't be read is logged once, and once when it is back."""
        failing = False
        while True:
            await asyncio.sleep(self._refresh_s)
            try:
                await asyncio.to_thread(self.refresh)
            except KeyStoreError as error:
                if not failing:
                    logger.error("Keys can't be read, revocations are not seen: %s", error)  # noqa: TRY400 - one line, whatever the driver says
                failing = True
            else:
                if failing:
                    logger.warning("Keys can be read again")
                failing = False

    def check(self, text: str | None) -> KeyRecord:
        """The record of the key that a caller sent.

        Every refusal hashes and compares once, whatever was wrong.

        Raises:
            Unauthorized: missing, malformed, unknown, expired, revoked: never says which.
            Unavailable: the store has been out of reach for too long.
        """
        if self._clock() - self._read_at > self._max_stale_s:
            raise Unavailable("Keys can't be checked right now", retry_after_s=RETRY_AFTER_S)
        key = Key.parse(text or "")
        presented = (key or NOBODY).digest
        record = self._records.get(key.id if key else NOBODY.id, self._nobody)
        equal = same(presented, record.digest)
        if equal and key is not None and record.state(now()) == "active":
            return record
        raise Unauthorized

    def is_active(self, key_id: str) -> bool:
        """Whether a key that has opened something is still active, as far as is known.

        A store out of reach keeps new requests out; what goes on by then is not ended by it.
        """
        record = self._records.get(key_id)
        return record is not None and record.state(now()) == "active"


def _bootstrap_key() -> Key | None:
    text = os.environ.get(BOOTSTRAP_VARIABLE)
    key = Key.parse(text) if text else None
    if text and key is None:
        raise ConfigError(f"{BOOTSTRAP_VARIABLE}: not a key; see: rebracket keys generate")
    return key


_EMPTY = KeyRecord("", "", "", b"", (), None, None, None, now(), None, None)
