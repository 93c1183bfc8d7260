"""Programs that some tests need beyond Python: Debian packages that the README lists."""

import os
import shutil
from typing import NoReturn

import pytest


def program(name: str, package: str) -> str:
    """Where a program is; a user's tests are skipped without it, CI's fail."""
    path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if path is None:
        missing(f"{name} is not installed (Debian: apt-get install {package})")
    return path


def missing(what: str) -> NoReturn:
    """Skip a user's test, fail CI's."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)
