"""Programs that some tests need beyond Python: Debian packages that the README lists."""

import os
from typing import NoReturn

import pytest


def missing(what: str) -> NoReturn:
    """Skip a user's test, fail CI's."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)
