"""Leases in a real Redis, on its own clock."""

import threading
from typing import cast
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from rebracket.errors import LimiterError
from rebracket.gateway.limits.redis import LEASES, RedisStorage
from tests.gateway.limits.lease_model import Leases
from tests.redis_server import free_port

TTL_S = 1050


@pytest.fixture
def storage(redis_storage: RedisStorage) -> RedisStorage:
    return redis_storage


def age(server: Redis, bucket: str, seconds: int) -> None:
    """Let time pass for a bucket."""
    for holder in cast("list[bytes]", server.zrange(LEASES + bucket, 0, -1)):
        server.zincrby(LEASES + bucket, -seconds * 1_000_000, holder.decode())


steps = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 100, 500, 1000, 1100]),
        st.sampled_from("ab"),
        st.sampled_from("123456"),
        st.sampled_from(["lease", "lease", "release"]),
    ),
    max_size=25,
)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limit=st.integers(1, 4), steps=steps)
def test_it_leases_as_the_model_does(
    storage: RedisStorage, server: Redis, limit: int, steps: list[tuple[int, str, str, str]]
) -> None:
    """Time passes by ageing the leases, in steps that end 50 s from a lease's end: nothing takes that long."""
    names = {name: f"{name} {uuid4().hex}" for name in "ab"}
    model, now = Leases(limit, ttl=TTL_S), 0
    for elapsed_s, name, holder, what in steps:
        now += elapsed_s
        for bucket in names.values():
            age(server, bucket, elapsed_s)
        if what == "release":
            storage.release(names[name], holder)
            model.release(name, holder)
        else:
            held = storage.lease(names[name], holder, limit=limit, ttl_s=TTL_S)
            assert held == model.lease(name, holder, now)


def test_of_many_clients_tries_exactly_the_limit_hold(redis_url: str, bucket: str) -> None:
    held: list[bool] = []

    def ask() -> None:
        storage = RedisStorage(redis_url, timeout_s=5)
        held.extend(storage.lease(bucket, uuid4().hex, limit=7, ttl_s=TTL_S) for _ in range(10))
        storage.close()

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(held), sum(held)) == (50, 7)


def test_a_limit_that_is_lowered_ends_no_lease(storage: RedisStorage, bucket: str) -> None:
    for holder in "abc":
        assert storage.lease(bucket, holder, limit=3, ttl_s=TTL_S)
    held = [storage.lease(bucket, holder, limit=1, ttl_s=TTL_S) for holder in "abcd"]
    assert held == [True, True, True, False]


def test_a_clock_set_back_locks_nobody_out(
    storage: RedisStorage, server: Redis, bucket: str
) -> None:
    storage.lease(bucket, "dead", limit=1, ttl_s=TTL_S)
    age(server, bucket, -1_000_000)
    assert not storage.lease(bucket, "next", limit=1, ttl_s=TTL_S)
    age(server, bucket, TTL_S)
    assert storage.lease(bucket, "next", limit=1, ttl_s=TTL_S)


def test_a_bucket_ends_with_its_last_lease(
    storage: RedisStorage, server: Redis, bucket: str
) -> None:
    storage.lease(bucket, "a", limit=1, ttl_s=15)
    assert 0 < server.pttl(LEASES + bucket) <= 16_000
    storage.release(bucket, "a")
    assert not server.exists(LEASES + bucket)


def test_a_server_that_is_not_there_fails_at_once() -> None:
    storage = RedisStorage(f"redis://127.0.0.1:{free_port()}", timeout_s=5)
    with pytest.raises(LimiterError, match="Redis"):
        storage.lease("key", "a", limit=1, ttl_s=15)
    with pytest.raises(LimiterError, match="Redis"):
        storage.release("key", "a")
    storage.close()
