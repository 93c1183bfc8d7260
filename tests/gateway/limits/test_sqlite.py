"""Buckets in a file, on a clock that the test turns."""

import sqlite3
import threading
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebracket.errors import LimiterError
from rebracket.gateway.limits.gcra import Charge
from rebracket.gateway.limits.sqlite import SqliteStorage
from rebracket.gateway.limits.sqlite_file import TIDY_EVERY
from rebracket.rates import Rate
from tests.gateway.limits.clock import Clock
from tests.gateway.limits.model import FORGIVEN, Model

HUNDRED = Rate("100/day")


@pytest.fixture
def storage(sqlite_storage: SqliteStorage) -> SqliteStorage:
    return sqlite_storage


def charge(
    bucket: str = "a", cost: int = 1, rate: Rate = HUNDRED, *, probe: bool = False
) -> Charge:
    return Charge(bucket, "requests", rate, cost, probe)


steps = st.lists(
    st.tuples(
        st.integers(-2_000_000, 30_000_000),
        st.sampled_from("ab"),
        st.integers(1, 12) | st.just(40),
    ),
    max_size=30,
)
rates = st.sampled_from(["1/second", "7/second", "10/minute", "1000/second", "13/7m", "3/day"])


@settings(max_examples=150)
@given(rate=rates.map(Rate), steps=steps)
def test_it_decides_as_the_model_does(rate: Rate, steps: list[tuple[int, str, int]]) -> None:
    clock, model = Clock(), Model(rate)
    with TemporaryDirectory() as folder:
        storage = SqliteStorage(Path(folder) / "limits.db", timeout_s=5, clock_us=clock)
        for elapsed_us, bucket, cost in steps:
            clock.now_us += max(0, elapsed_us)
            now = Fraction(clock.now_us, 10**6)
            slack = model.slack(bucket, now, cost)
            (decision,) = storage.take([charge(bucket, cost, rate)])
            if abs(slack) > FORGIVEN:
                assert decision.allowed == (slack >= 0)
            if decision.allowed:
                model.charge(bucket, now, cost)
        storage.close()


def test_exactly_the_amount_passes_at_once(storage: SqliteStorage) -> None:
    passed = [storage.take([charge()])[0].allowed for _ in range(300)]
    assert passed == [True] * 100 + [False] * 200


def test_a_second_process_counts_on_in_the_same_bucket(
    storage: SqliteStorage, tmp_path: Path, clock: Clock
) -> None:
    other = SqliteStorage(tmp_path / "limits.db", timeout_s=5, clock_us=clock)
    passed = sum(s.take([charge()])[0].allowed for _ in range(100) for s in (storage, other))
    other.close()
    assert passed == 100


def test_threads_share_one_connection(storage: SqliteStorage) -> None:
    passed: list[bool] = []

    def ask() -> None:
        passed.extend(storage.take([charge()])[0].allowed for _ in range(40))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(passed), sum(passed)) == (240, 100)


def test_charges_that_come_together_pass_together_or_not_at_all(storage: SqliteStorage) -> None:
    storage.take([charge("a", 95)])
    refused = storage.take([charge("a", 10), charge("b", 10)])
    assert [decision.allowed for decision in refused] == [False, True]
    assert [d.remaining for d in storage.take([charge("a", 5), charge("b", 100)])] == [0, 0]


def test_a_probe_decides_with_the_others_and_costs_nothing(storage: SqliteStorage) -> None:
    for _ in range(3):
        probe, _ = storage.take([charge("a", probe=True), charge("b")])
        assert probe.remaining == 100
    storage.take([charge("a", 100)])
    probe, other = storage.take([charge("a", probe=True), charge("b")])
    assert not probe.allowed
    assert other.remaining == 97


def test_a_rate_that_changes_keeps_what_was_used(storage: SqliteStorage) -> None:
    storage.take([charge(cost=90)])
    (decision,) = storage.take([charge(rate=Rate("50/day"))])
    assert not decision.allowed
    (decision,) = storage.take([charge(rate=Rate("200/day"))])
    assert decision.remaining == 109


def test_a_clock_set_back_locks_nobody_out(storage: SqliteStorage, clock: Clock) -> None:
    rate = Rate("100/second")
    storage.take([charge(cost=100, rate=rate)])
    clock.now_us -= 3_600_000_000
    assert not storage.take([charge(rate=rate)])[0].allowed
    clock.now_us += 500_000
    assert storage.take([charge(rate=rate)])[0].remaining == 49


def test_buckets_that_are_empty_again_are_forgotten(
    storage: SqliteStorage, clock: Clock, tmp_path: Path
) -> None:
    rate = Rate("10/second")
    for index in range(TIDY_EVERY - 1):
        storage.take([charge(f"address {index}", rate=rate)])
    clock.now_us += 1_000_000
    storage.take([charge("kept", rate=rate)])
    storage.close()
    with sqlite3.connect(tmp_path / "limits.db") as connection:
        assert connection.execute("SELECT name FROM buckets").fetchall() == [("kept",)]


def test_a_file_that_is_held_is_given_up_in_bounded_time(tmp_path: Path) -> None:
    storage = SqliteStorage(tmp_path / "limits.db", timeout_s=0.01)
    holder = sqlite3.connect(tmp_path / "limits.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(LimiterError, match="locked"):
        storage.take([charge()])
    assert storage.take_at_once([charge()]) is None
    holder.execute("ROLLBACK")
    holder.close()
    (decision,) = storage.take_at_once([charge()]) or []
    assert decision.remaining == 99
    storage.close()


def test_a_file_that_cannot_be_opened_is_named() -> None:
    with pytest.raises(LimiterError, match=r"/proc/no/limits\.db"):
        SqliteStorage(Path("/proc/no/limits.db"), timeout_s=1)
