"""How answers are read."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from rebracket.client.answers import retry_after_s


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("3", 3), ("0", 0), ("", 0), ("soon", 0), ("-1", 0), ("1.5", 0), ("²", 0)],
)
def test_retry_after_is_whole_seconds(value: str, seconds: float) -> None:
    assert retry_after_s(value) == seconds


def test_retry_after_may_be_a_date() -> None:
    soon = datetime.now(UTC) + timedelta(minutes=5)
    assert 290 < retry_after_s(format_datetime(soon, usegmt=True)) <= 300
    assert retry_after_s("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert retry_after_s("Wed, 21 Oct 2015 07:28:00 -0000") == 0
