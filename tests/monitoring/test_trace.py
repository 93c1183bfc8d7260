"""The caller's trace id, where it sent one (W3C Trace Context)."""

import pytest

from rebracket.monitoring.trace import current, trace_id

ID = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


@pytest.mark.parametrize("text", [f"00-{ID}-{PARENT}-01", f"cc-{ID}-{PARENT}-01-what-the-future"])
def test_a_valid_traceparent_names_its_trace(text: str) -> None:
    assert trace_id(text) == ID


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"00-{ID}-{PARENT}",
        f"00-{ID.upper()}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{ID}-{'0' * 16}-01",
        f"ff-{ID}-{PARENT}-01",
        f"00-{ID}-{PARENT}-01-more",
        f"00-{ID}-{PARENT}-01\n",
    ],
)
def test_others_name_none(text: str) -> None:
    assert trace_id(text) == ""


def test_outside_of_a_request_nothing_is_kept() -> None:
    current().key_id = "studio"
    assert current().key_id == ""
