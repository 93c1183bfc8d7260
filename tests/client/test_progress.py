"""Where a stream goes on, wherever its windows lie."""

import pytest

from rebracket.client.progress import Progress
from rebracket.errors import UnreadableAnswer
from rebracket.messages import Ready, WindowRead


def progress(hop: int) -> Progress:
    begun = Progress("r")
    assert begun.begin(Ready(session_id="r", window_samples=400, hop_samples=hop))
    return begun


def window(seq: int, start: int, end: int, *, final: bool = False) -> WindowRead:
    return WindowRead(
        seq=seq, start_sample=start, end_sample=end, final=final, prediction=None, lag_ms=0
    )


def test_a_last_window_shorter_than_a_hop_ends_the_stream_where_it_ends() -> None:
    stream = progress(hop=400)
    assert stream.take(window(0, 0, 400), 550)
    assert stream.take(window(1, 400, 550, final=True), 550)
    assert (stream.resume_at, stream.read_to) == (550, 550)


@pytest.mark.parametrize("start", [199, 200, 201])
def test_a_hop_that_is_no_whole_number_may_be_a_sample_off(start: int) -> None:
    stream = progress(hop=200)
    assert stream.take(window(0, 0, 400), 1000)
    assert stream.resume_at <= start
    assert stream.take(window(1, start, start + 400), 1000)
    assert stream.due_at >= start + 201 + 400


@pytest.mark.parametrize("start", [0, 198, 202])
def test_a_window_that_begins_elsewhere_is_not_this_api(start: int) -> None:
    stream = progress(hop=200)
    assert stream.take(window(0, 0, 400), 1000)
    with pytest.raises(UnreadableAnswer, match=f"window 1 begins at {start}"):
        stream.take(window(1, start, start + 400), 1000)
