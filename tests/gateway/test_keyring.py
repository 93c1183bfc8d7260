"""A process knows every key, sees changes by itself, and refuses all wrong keys alike."""

import asyncio
import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest

from rebracket.errors import ConfigError, KeyStoreError, Unauthorized, Unavailable
from rebracket.gateway.key_store import KeyStore
from rebracket.gateway.keyring import Keyring
from rebracket.gateway.keys import Key


@pytest.fixture
def url(keys_url: str) -> str:
    return keys_url


@pytest.fixture
def store(url: str) -> Iterator[KeyStore]:
    store = KeyStore.open(url)
    yield store
    store.close()


class Clock:
    """Stands still until told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keyring(url: str, clock: Clock) -> Iterator[Keyring]:
    keyring = Keyring(url, refresh_s=0.001, max_stale_s=60, clock=clock)
    keyring.open()
    yield keyring
    keyring.close()


def test_an_active_key_opens(store: KeyStore, keyring: Keyring) -> None:
    new = store.create("studio", ("predict",))
    keyring.refresh()
    assert keyring.check(str(new.key)) == new.record


def test_every_refusal_has_the_same_words(store: KeyStore, keyring: Keyring) -> None:
    known = store.create("a", ("predict",))
    expired = store.create("b", ("predict",), lifetime=timedelta(seconds=-1))
    revoked = store.create("c", ("predict",))
    store.revoke(revoked.record.id)
    keyring.refresh()
    wrong_secret = Key(id=known.key.id, secret=Key.generate().secret)
    texts = [None, "", "rb_", *map(str, (Key.generate(), wrong_secret, expired.key, revoked.key))]
    words = set()
    for text in texts:
        with pytest.raises(Unauthorized) as caught:
            keyring.check(text)
        words.add(caught.value.detail)
    assert len(words) == 1


def test_a_refusal_costs_one_hash_and_one_comparison_whatever_was_wrong(
    store: KeyStore, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = store.create("a", ("predict",)).key
    keyring.refresh()
    compared: list[tuple[int, int]] = []

    def same(left: bytes, right: bytes) -> bool:
        compared.append((len(left), len(right)))
        return left == right

    monkeypatch.setattr("rebracket.gateway.keyring.same", same)
    wrong = Key(id=known.id, secret=Key.generate().secret)
    for text in (None, "malformed", str(Key.generate()), str(wrong)):
        with pytest.raises(Unauthorized):
            keyring.check(text)
    assert compared == [(32, 32)] * 4


def test_watching_sees_a_revocation(store: KeyStore, keyring: Keyring) -> None:
    new = store.create("a", ("predict",))
    keyring.refresh()

    async def until_refused() -> None:
        watching = asyncio.create_task(keyring.watch())
        await asyncio.to_thread(store.revoke, new.record.id)
        try:
            while True:
                keyring.check(str(new.key))
                await asyncio.sleep(0)
        except Unauthorized:
            watching.cancel()

    asyncio.run(asyncio.wait_for(until_refused(), 60))


def test_a_store_out_of_reach_is_trusted_for_a_while_only(
    store: KeyStore,
    keyring: Keyring,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    new = store.create("a", ("predict",))
    keyring.refresh()
    failures = 0

    async def until_failed_twice() -> None:
        loop, twice = asyncio.get_running_loop(), asyncio.Event()

        def fail() -> int:
            nonlocal failures
            failures += 1
            if failures == 2:
                loop.call_soon_threadsafe(twice.set)
            raise KeyStoreError("gone")

        # Of this keyring only: other applications of the session watch their own.
        monkeypatch.setattr(keyring._store, "revision", fail)
        watching = asyncio.create_task(keyring.watch())
        await twice.wait()
        watching.cancel()

    asyncio.run(asyncio.wait_for(until_failed_twice(), 60))
    monkeypatch.undo()
    assert caplog.text.count("revocations are not seen") == 1
    clock.now = 60
    assert keyring.check(str(new.key)) == new.record
    clock.now = 61
    with pytest.raises(Unavailable):
        keyring.check(str(new.key))
    keyring.refresh()
    assert keyring.check(str(new.key)) == new.record


def test_a_key_that_opened_something_stays_active_until_it_ends(
    store: KeyStore, keyring: Keyring, clock: Clock
) -> None:
    kept, ended = (store.create(name, ("stream",)).record.id for name in "ab")
    expired = store.create("c", ("stream",), lifetime=timedelta(seconds=-1)).record.id
    keyring.refresh()
    assert [keyring.is_active(id_) for id_ in (kept, ended, expired)] == [True, True, False]
    store.revoke(ended)
    keyring.refresh()
    assert [keyring.is_active(id_) for id_ in (kept, ended, "nothing")] == [True, False, False]
    clock.now = 10**6
    assert keyring.is_active(kept), "a store out of reach ends no stream"


def test_an_empty_store_says_how_to_make_a_key(url: str, caplog: pytest.LogCaptureFixture) -> None:
    keyring = Keyring(url, refresh_s=1, max_stale_s=60)
    with caplog.at_level(logging.WARNING):
        keyring.open()
    assert "rebracket keys create --name" in caplog.text
    with pytest.raises(Unauthorized):
        keyring.check(str(Key.generate()))
    keyring.close()


def test_the_bootstrap_key_opens_an_empty_store(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    key = Key.generate()
    monkeypatch.setenv("REBRACKET_BOOTSTRAP_KEY", str(key))
    for _ in range(2):
        keyring = Keyring(url, refresh_s=1, max_stale_s=60)
        keyring.open()
        assert keyring.check(str(key)).name == "bootstrap"
        keyring.close()


def test_a_wrong_bootstrap_key_stops_the_start_unseen(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REBRACKET_BOOTSTRAP_KEY", "hunter2")
    with pytest.raises(ConfigError) as caught:
        Keyring(url, refresh_s=1, max_stale_s=60).open()
    assert "hunter2" not in str(caught.value)
