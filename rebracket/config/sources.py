"""Where settings are read from: a file named by `REBRACKET_CONFIG`, and the environment, which wins."""

import os
from collections.abc import Mapping
from functools import reduce
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from yaml.reader import ReaderError

from rebracket.config.tree import Deployment
from rebracket.errors import ConfigError

CONFIG_VARIABLE = "REBRACKET_CONFIG"
BOOTSTRAP_VARIABLE = "REBRACKET_BOOTSTRAP_KEY"
"""Holds the key that is put into an empty store: a secret, and no setting."""

PREFIX = "REBRACKET_"
DELIMITER = "__"


class Settings(BaseSettings):
    """The whole settings tree."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=DELIMITER,
        env_parse_none_str="null",
        nested_model_default_partial_update=True,
        extra="forbid",
        frozen=True,
    )

    deployment: Deployment = Field(default_factory=Deployment)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over file over defaults."""
        del env_settings, dotenv_settings, file_secret_settings
        file = InitSettingsSource(settings_cls, file_content())
        return (init_settings, Variables(settings_cls), file)


class Variables(EnvSettingsSource):
    """The environment. What sets one value wins over what sets a section of them, as JSON.

    By itself, pydantic-settings lets the one win that happens to come later, for the whole section.
    """

    def explode_env_vars(
        self, field_name: str, field: FieldInfo, env_vars: Mapping[str, str | None]
    ) -> dict[str, Any]:
        """The tree of all variables of a field, the longest name on top."""
        trees = (
            super(Variables, self).explode_env_vars(field_name, field, {name: env_vars[name]})
            for name in sorted(env_vars)
        )
        return reduce(_merged, trees, {})


def _merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """One tree with another one on top."""
    both = dict(under)
    for key, value in over.items():
        below = under.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            both[key] = _merged(below, value)
        else:
            both[key] = value
    return both


def file_path() -> Path | None:
    """The settings file, if one is named."""
    path = os.environ.get(CONFIG_VARIABLE)
    return Path(path) if path else None


def file_content() -> dict[str, Any]:
    """What the settings file says; nothing where none is named.

    Raises:
        ConfigError: it can't be read, is no YAML, or no mapping.
    """
    path = file_path()
    if path is None:
        return {}
    try:
        content = yaml.safe_load(path.read_bytes())
    except FileNotFoundError:
        raise ConfigError(f"{CONFIG_VARIABLE}: no file at {path}") from None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: {_in_one_line(error)}") from None
    if not isinstance(content, dict | None):
        raise ConfigError(f"{path}: expected a mapping of settings")
    return content or {}


def _in_one_line(error: yaml.YAMLError) -> str:
    """Where and why, without the lines around it, which may hold passwords."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        mark = error.problem_mark
        return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}"
    if isinstance(error, ReaderError):
        return f"position {error.position}: {error.reason}"
    return " ".join(str(error).split())
