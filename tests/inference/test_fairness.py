"""Nobody starves, whatever others ask for."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebracket.inference.fairness import FairQueue

Put = tuple[str, int, int]
puts = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.integers(1, 300)), max_size=60
)


def filled(items: list[Put]) -> "FairQueue[int]":
    queue: FairQueue[int] = FairQueue()
    for index, (caller, request, work) in enumerate(items):
        queue.put(caller, request, index, work)
    return queue


@given(puts)
def test_everything_comes_out_once_and_each_request_in_its_order(items: list[Put]) -> None:
    queue = filled(items)
    assert queue.work == sum(work for *_, work in items)
    out = [queue.take() for _ in range(len(queue))]
    assert sorted(out) == list(range(len(items)))
    assert (len(queue), queue.work) == (0, 0)
    for key in {item[:2] for item in items}:
        mine = [index for index in out if items[index][:2] == key]
        assert mine == sorted(mine)


@given(puts, st.sampled_from("abc"), st.integers(0, 3))
def test_what_is_discarded_never_comes_out(items: list[Put], caller: str, request: int) -> None:
    queue = filled(items)
    gone = [index for index, item in enumerate(items) if item[:2] == (caller, request)]
    assert queue.discard(caller, request) == len(gone)
    assert queue.work == sum(item[2] for i, item in enumerate(items) if i not in gone)
    out = [queue.take() for _ in range(len(queue))]
    assert sorted([*out, *gone]) == list(range(len(items)))


def test_callers_get_the_same_work_done_whatever_the_size_of_their_items() -> None:
    queue: FairQueue[str] = FairQueue()
    for _ in range(100):
        queue.put("long", 0, "long", 256)
        for _ in range(16):
            queue.put("short", 0, "short", 16)
    done = Counter(queue.take() for _ in range(17 * 20))
    assert done["long"] * 256 == pytest.approx(done["short"] * 16, abs=2 * 256)


def test_a_lone_request_does_not_wait_for_a_batch() -> None:
    queue: FairQueue[str] = FairQueue()
    for index in range(256):
        queue.put("me", "batch", f"batch {index}", 100)
    queue.put("me", "lone", "mine", 100)
    queue.put("you", "lone", "yours", 100)
    first = [queue.take() for _ in range(8)]
    assert {"mine", "yours"} <= set(first)


def test_many_lone_requests_do_not_starve_a_batch() -> None:
    queue: FairQueue[str] = FairQueue()
    queue.put("me", "batch", "batch", 100)
    taken = []
    for index in range(20):
        queue.put("me", index, "lone", 100)
        queue.put("me", index + 0.5, "lone", 100)
        taken.append(queue.take())
    assert "batch" in taken


def test_an_empty_queue_says_so() -> None:
    with pytest.raises(KeyError):
        FairQueue[int]().take()
