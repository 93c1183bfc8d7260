"""Leases in a file: so many at once, whatever processes do and whichever are killed."""

import asyncio
import multiprocessing
import sqlite3
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebracket.errors import LimiterError
from rebracket.gateway.limits import slots
from rebracket.gateway.limits.limiter import Limiter
from rebracket.gateway.limits.sqlite import SqliteStorage, microseconds
from tests.gateway.limits.clock import Clock
from tests.gateway.limits.lease_model import Leases

HOUR = 3600.0
SECOND_US = 1_000_000


@pytest.fixture
def storage(sqlite_storage: SqliteStorage) -> SqliteStorage:
    return sqlite_storage


steps = st.lists(
    st.tuples(
        st.sampled_from([0, 1, SECOND_US, 4 * SECOND_US, 5 * SECOND_US - 1, 5 * SECOND_US]),
        st.sampled_from("ab"),
        st.sampled_from("123456"),
        st.sampled_from(["lease", "lease", "release"]),
    ),
    max_size=40,
)


@settings(max_examples=150)
@given(limit=st.integers(1, 4), steps=steps)
def test_it_leases_as_the_model_does(limit: int, steps: list[tuple[int, str, str, str]]) -> None:
    clock, model = Clock(), Leases(limit, ttl=5 * SECOND_US)
    with TemporaryDirectory() as folder:
        storage = SqliteStorage(Path(folder) / "limits.db", timeout_s=5, clock_us=clock)
        for elapsed_us, bucket, holder, what in steps:
            clock.now_us += elapsed_us
            if what == "release":
                storage.release(bucket, holder)
                model.release(bucket, holder)
            else:
                held = storage.lease(bucket, holder, limit=limit, ttl_s=5)
                assert held == model.lease(bucket, holder, clock.now_us)
        storage.close()


def test_a_limit_that_is_lowered_ends_no_lease(storage: SqliteStorage) -> None:
    for holder in "abc":
        assert storage.lease("key", holder, limit=3, ttl_s=15)
    assert [storage.lease("key", holder, limit=1, ttl_s=15) for holder in "abcd"] == [
        *[True] * 3,
        False,
    ]


def test_a_clock_set_back_locks_nobody_out(storage: SqliteStorage, clock: Clock) -> None:
    storage.lease("key", "dead", limit=1, ttl_s=15)
    clock.now_us -= 3600 * SECOND_US
    assert not storage.lease("key", "next", limit=1, ttl_s=15)
    clock.now_us += 15 * SECOND_US
    assert storage.lease("key", "next", limit=1, ttl_s=15)


def test_leases_that_have_ended_are_forgotten(
    storage: SqliteStorage, clock: Clock, tmp_path: Path
) -> None:
    for index in range(9):
        storage.lease(f"key {index}", "a", limit=1, ttl_s=15)
    clock.now_us += 15 * SECOND_US
    storage.lease("key", "kept", limit=1, ttl_s=15)
    with sqlite3.connect(tmp_path / "limits.db") as connection:
        assert connection.execute("SELECT holder FROM leases").fetchall() == [("kept",)]
    connection.close()


def test_a_file_that_is_held_is_given_up_in_bounded_time(tmp_path: Path) -> None:
    storage = SqliteStorage(tmp_path / "limits.db", timeout_s=0.01)
    holder = sqlite3.connect(tmp_path / "limits.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(LimiterError, match="locked"):
        storage.lease("key", "a", limit=1, ttl_s=15)
    with pytest.raises(LimiterError, match="locked"):
        storage.release("key", "a")
    holder.close()
    storage.close()


def _lease(path: Path, holder: int) -> bool:
    storage = SqliteStorage(path, timeout_s=60)
    held = storage.lease("key", str(holder), limit=7, ttl_s=HOUR)
    storage.close()
    return held


def test_of_many_processes_tries_exactly_the_limit_hold(tmp_path: Path) -> None:
    tries = [(tmp_path / "limits.db", holder) for holder in range(50)]
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert sum(pool.starmap(_lease, tries, chunksize=1)) == 7


def _hold(path: Path, told: Connection) -> None:
    slots.TTL_S = HOUR

    async def hold() -> None:
        limiter = Limiter(SqliteStorage(path, timeout_s=60), on_failure="closed")
        async with slots.held(limiter, "key", 1) as granted:
            told.send(granted)
            await asyncio.Event().wait()

    asyncio.run(hold())


def test_a_slot_outlives_a_killed_process_by_its_ttl_and_no_longer(tmp_path: Path) -> None:
    path, context = tmp_path / "limits.db", multiprocessing.get_context("spawn")
    told, telling = context.Pipe(duplex=False)
    process = context.Process(target=_hold, args=(path, telling))
    process.start()
    telling.close()
    assert told.recv()
    process.kill()
    process.join()
    ahead_us = 0
    storage = SqliteStorage(path, timeout_s=60, clock_us=lambda: microseconds() + ahead_us)
    assert not storage.lease("key", "next", limit=1, ttl_s=HOUR)
    ahead_us = 3600 * SECOND_US
    assert storage.lease("key", "next", limit=1, ttl_s=HOUR)
    storage.close()
