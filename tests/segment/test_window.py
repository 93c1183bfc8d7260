"""Windows of music go side by side in a batch, and none changes another."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebracket.segment.window import Steps


def steps(count: int, *shape: int, start: int = 1) -> Steps:
    """So many steps of features of a shape, numbered so that no two are alike."""
    size = count * int(np.prod(shape))
    return Steps.of("events", np.arange(start, start + size, dtype=np.float32).reshape(-1, *shape))


def test_one_window_is_all_there() -> None:
    one = steps(3, 4)
    assert one.features.shape == (1, 3, 4)
    assert one.mask.tolist() == [[1, 1, 1]]
    assert one.work == 3
    assert one.steps() is one


def test_feeds_have_the_inputs_name_and_the_mask() -> None:
    one = steps(2, 4)
    feeds = one.feeds()
    assert feeds.keys() == {"events", "mask"}
    assert feeds["events"] is one.features


@pytest.mark.parametrize("shape", [(4,), (3, 5)])
def test_shorter_windows_are_filled_with_nothing(shape: tuple[int, ...]) -> None:
    short, long = steps(1, *shape), steps(3, *shape, start=100)
    batch = short.beside([long])
    assert batch.features.shape == (2, 3, *shape)
    assert batch.mask.tolist() == [[1, 0, 0], [1, 1, 1]]
    assert not batch.features[0, 1:].any()
    np.testing.assert_array_equal(batch.features[1:], long.features)
    assert batch.features.dtype == batch.mask.dtype == np.float32


def test_a_window_beside_no_other_is_as_it_was() -> None:
    one = steps(2, 4)
    np.testing.assert_array_equal(one.beside([]).features, one.features)


@given(counts=st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_each_windows_steps_are_found_again_in_order(counts: list[int]) -> None:
    items = [steps(count, 2, start=100 * index) for index, count in enumerate(counts)]
    batch = items[0].beside(items[1:])
    assert batch.work == sum(counts)
    for item, features, mask in zip(items, batch.features, batch.mask, strict=True):
        np.testing.assert_array_equal(features[mask > 0], item.features[0])


def test_batches_go_side_by_side_too() -> None:
    first, second = steps(1, 2).beside([steps(2, 2)]), steps(4, 2)
    assert first.beside([second]).mask.sum(axis=1).tolist() == [1, 2, 4]
