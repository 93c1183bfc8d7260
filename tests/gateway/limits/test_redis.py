"""Buckets in a real Redis, on its own clock."""

import socket
import threading
import time
from fractions import Fraction
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from rebracket.errors import LimiterError
from rebracket.gateway.limits.gcra import Charge
from rebracket.gateway.limits.redis import PREFIX, RedisStorage
from rebracket.rates import Rate
from tests.gateway.limits.model import FORGIVEN, Model
from tests.redis_server import free_port

HUNDRED = Rate("100/day")


@pytest.fixture
def storage(redis_storage: RedisStorage) -> RedisStorage:
    return redis_storage


def charge(bucket: str, cost: int = 1, rate: Rate = HUNDRED, *, probe: bool = False) -> Charge:
    return Charge(bucket, "requests", rate, cost, probe)


rates = st.sampled_from(["1/day", "7/day", "100/hour", "13/7m"])


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rate=rates.map(Rate),
    steps=st.lists(
        st.tuples(st.floats(0, 4000), st.sampled_from("ab"), st.integers(1, 12) | st.just(200)),
        max_size=15,
    ),
)
def test_it_decides_as_the_model_does(
    storage: RedisStorage, server: Redis, rate: Rate, steps: list[tuple[float, str, int]]
) -> None:
    """Time passes by ageing the buckets; what really passes meanwhile is within the model's slack."""
    names = {name: f"{name} {uuid4().hex}" for name in "ab"}
    model, now, started = Model(rate), Fraction(0), time.monotonic()
    for elapsed_s, name, cost in steps:
        now += Fraction(elapsed_s)
        for bucket in names.values():
            if at := server.hget(PREFIX + bucket, "at"):
                server.hset(PREFIX + bucket, "at", f"{float(at) - elapsed_s:.6f}")
        slack = model.slack(name, now, cost)
        (decision,) = storage.take([charge(names[name], cost, rate)])
        meanwhile = Fraction(time.monotonic() - started) / model.interval
        if not -meanwhile - FORGIVEN < slack < FORGIVEN:
            assert decision.allowed == (slack >= 0)
        if decision.allowed:
            model.charge(name, now, cost)


def test_exactly_the_amount_passes_at_once(storage: RedisStorage, bucket: str) -> None:
    passed = [storage.take([charge(bucket)])[0].allowed for _ in range(300)]
    assert passed == [True] * 100 + [False] * 200


def test_many_clients_count_in_one_bucket(redis_url: str, bucket: str) -> None:
    passed: list[bool] = []

    def ask() -> None:
        storage = RedisStorage(redis_url, timeout_s=5)
        passed.extend(storage.take([charge(bucket)])[0].allowed for _ in range(40))
        storage.close()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(passed), sum(passed)) == (240, 100)


def test_charges_that_come_together_pass_together_or_not_at_all(
    storage: RedisStorage, bucket: str
) -> None:
    a, b = f"{bucket} a", f"{bucket} b"
    storage.take([charge(a, 95)])
    refused = storage.take([charge(a, 10), charge(b, 10)])
    assert [decision.allowed for decision in refused] == [False, True]
    assert [d.remaining for d in storage.take([charge(a, 5), charge(b, 100)])] == [0, 0]


def test_a_probe_costs_nothing(storage: RedisStorage, bucket: str) -> None:
    for _ in range(3):
        assert storage.take([charge(bucket, probe=True)])[0].remaining == 100
    storage.take([charge(bucket, 100)])
    assert not storage.take([charge(bucket, probe=True)])[0].allowed


def test_a_clock_set_back_locks_nobody_out(
    storage: RedisStorage, server: Redis, bucket: str
) -> None:
    rate = Rate("100/hour")
    storage.take([charge(bucket, 100, rate)])
    server.hset(PREFIX + bucket, "at", "9999999999")
    assert not storage.take([charge(bucket, rate=rate)])[0].allowed
    assert float(server.hget(PREFIX + bucket, "at") or 0) < 9999999999


def test_buckets_end_when_they_are_empty(storage: RedisStorage, server: Redis, bucket: str) -> None:
    storage.take([charge(bucket, 50, Rate("100/minute"))])
    assert 30_000 < server.pttl(PREFIX + bucket) <= 31_000


def test_a_server_that_is_not_there_fails_at_once() -> None:
    storage = RedisStorage(f"redis://127.0.0.1:{free_port()}", timeout_s=5)
    with pytest.raises(LimiterError, match="Redis"):
        storage.take([charge("a")])
    storage.close()


def test_a_server_that_never_answers_is_given_up() -> None:
    """It accepts connections and stays silent."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        storage = RedisStorage(f"redis://127.0.0.1:{port}", timeout_s=0.05)
        with pytest.raises(LimiterError, match=r"(?i)time"):
            storage.take([charge("a")])
        storage.close()


def test_a_connection_that_died_is_opened_anew(
    storage: RedisStorage, server: Redis, bucket: str
) -> None:
    storage.take([charge(bucket)])
    server.client_kill_filter(_type="normal", skipme=True)
    assert storage.take([charge(bucket)])[0].remaining == 98


def test_a_url_that_is_none_is_named() -> None:
    with pytest.raises(LimiterError, match=r"deployment\.rate_limit\.storage"):
        RedisStorage("redis://localhost/x?socket_timeout=soon", timeout_s=1)
