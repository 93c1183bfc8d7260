"""Settings of this process, or one line for each thing that is wrong with them."""

import os
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsError

from rebracket.config.listing import ROOT, names_at
from rebracket.config.masking import masked
from rebracket.config.origins import Origins
from rebracket.config.sources import DELIMITER, PREFIX, Settings
from rebracket.errors import ConfigError


def load_settings() -> Settings:
    """Read settings from the file in `REBRACKET_CONFIG` and the environment.

    Raises:
        ConfigError: of each problem the key's path, what was expected there, and where it came from.
    """
    if strays := list(_stray_variables()):
        raise ConfigError(*strays)
    try:
        return Settings()
    except ValidationError as error:
        origins = Origins.read()
        raise ConfigError(*(_line(details, origins) for details in error.errors())) from None
    except SettingsError:
        raise ConfigError(_undecodable()) from None


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return load_settings()


def _stray_variables() -> Iterator[str]:
    """Variables that are spelled like settings and would be passed over.

    Others with the prefix may be anybody's: Kubernetes makes `REBRACKET_PORT` for a service of that name.
    """
    for name in os.environ:
        head, nested, _ = name.upper().removeprefix(PREFIX).partition(DELIMITER)
        if name.upper().startswith(PREFIX) and nested and head != ROOT.upper():
            yield f"{name}: no such setting; they begin with {PREFIX}{ROOT.upper()}{DELIMITER}"


def _line(details: ErrorDetails, origins: Origins) -> str:
    path = details["loc"]
    if details["type"] == "extra_forbidden":
        message = f"no such setting{_meant(path)}"
    else:
        message = details["msg"].removeprefix("Value error, ")
    name = origins.of(path).name
    source = f" ({name})" if name else ""
    return masked(f"{'.'.join(map(str, path))}: {message}{source}")


def _meant(path: tuple[str | int, ...]) -> str:
    """A name that is near to the one that does not exist."""
    near = get_close_matches(str(path[-1]), names_at(path[:-1]), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _undecodable() -> str:
    try:
        Origins.read()
    except ValueError as error:
        return f"{error}: expected JSON"
    return "environment: expected JSON"
