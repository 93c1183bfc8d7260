"""Turns: work that pulls runs only while its owner waits, and always ends."""

import pytest

from rebracket.segment.live.turns import Turns


def test_work_and_owner_alternate() -> None:
    log: list[str] = []

    def work() -> None:
        for number in range(3):
            log.append(f"work {number}")
            turns.give_back()

    turns = Turns(work, "test")
    assert log == []
    for number in range(3):
        turns.give()
        log.append(f"owner {number}")
    assert log == ["work 0", "owner 0", "work 1", "owner 1", "work 2", "owner 2"]
    assert not turns.over
    turns.give()
    assert turns.over
    turns.give()
    turns.end()


def test_what_work_raises_its_owner_gets_whenever_it_asks() -> None:
    def work() -> None:
        raise KeyError("missing")

    turns = Turns(work, "test")
    for _ in range(2):
        with pytest.raises(KeyError, match="missing"):
            turns.give()
    assert turns.over
    turns.end()


def test_work_that_never_had_a_turn_gets_its_last_one_at_the_end() -> None:
    done: list[bool] = []
    turns = Turns(lambda: done.append(True), "test")
    turns.end()
    assert done == [True]
    turns.end()
