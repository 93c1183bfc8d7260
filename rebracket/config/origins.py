"""Where each setting came from: the file, a variable of the environment, or neither."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

from pydantic.fields import FieldInfo
from pydantic_settings.sources.types import EnvNoneType

from rebracket.config.listing import ROOT
from rebracket.config.sources import Settings, Variables, file_content, file_path


@dataclass(frozen=True, slots=True)
class Origin:
    """What a setting was read from; `name` is the file's path or the variable's name."""

    kind: Literal["default", "file", "environment"]
    name: str | None = None

    def __str__(self) -> str:
        """As it is printed: `default`, `file PATH`, `environment NAME`."""
        return f"{self.kind} {self.name}" if self.name else self.kind


DEFAULT = Origin("default")
NOTHING = object()


@dataclass(frozen=True, slots=True)
class Origins:
    """What file and environment say, as trees; the environment's has variables' names for values."""

    file: Mapping[str, Any]
    environment: Mapping[str, Any]

    @classmethod
    def read(cls) -> Self:
        """Those of this process.

        Raises:
            ConfigError: the file can't be read.
            ValueError: a variable holds no JSON where it has to; the message is its name.
        """
        return cls(file_content(), variables())

    def of(self, path: Sequence[str | int]) -> Origin:
        """The origin of the value at a path, or of what holds it in a list."""
        if variable := _first(_follow(self.environment, path)):
            return Origin("environment", variable)
        return DEFAULT if _follow(self.file, path) is NOTHING else Origin("file", str(file_path()))


def variables() -> dict[str, Any]:
    """The tree that the environment gives, with the names of variables in place of values.

    Raises:
        ValueError: a variable holds no JSON where it has to; the message is its name.
    """
    source, field = _Names(Settings), Settings.model_fields[ROOT]
    value, _, is_complex = source.get_field_value(field, ROOT)
    tree = source.prepare_field_value(ROOT, field, value, is_complex)
    return {ROOT: tree}


class _Named(str):
    """A variable's text that knows whose it is."""

    variable: str


class _NamedNone(EnvNoneType):
    """The same of one that says null, which the source tells from others by its class."""

    variable: str


class _Names(Variables):
    """Merges names as pydantic-settings merges values: whose value would win, its name does."""

    def __init__(self, settings_cls: type[Settings]) -> None:
        super().__init__(settings_cls)
        spelled = {name.lower(): name for name in os.environ}
        self.env_vars = {
            key: _named(text, spelled[key])
            for key, text in self.env_vars.items()
            if text is not None
        }

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """The JSON of a variable, its name in place of everything that is not a mapping."""
        try:
            decoded = super().decode_complex_value(field_name, field, value)
        except ValueError:
            raise ValueError(value.variable) from None
        return _renamed(decoded, value)


def _named(text: str, variable: str) -> str:
    named = (_NamedNone if isinstance(text, EnvNoneType) else _Named)(text)
    named.variable = variable
    return named


def _renamed(decoded: object, name: str) -> Any:
    if isinstance(decoded, dict):
        return {key: _renamed(value, name) for key, value in decoded.items()}
    return name


def _follow(tree: object, path: Sequence[str | int]) -> object:
    """What a tree says at a path, or NOTHING; what is no mapping says it for all that lies in it.

    The environment names settings in any case.
    """
    for key in path:
        if not isinstance(tree, Mapping):
            return tree
        lower = {str(own).lower(): own for own in tree}
        own = key if key in tree else lower.get(str(key))
        if own not in tree:
            return NOTHING
        tree = tree[own]
    return tree


def _first(names: object) -> str | None:
    """The variable that a tree of names begins with."""
    while isinstance(names, Mapping):
        names = next(iter(names.values()), None)
    return getattr(names, "variable", None)
