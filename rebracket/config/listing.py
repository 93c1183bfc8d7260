"""The settings as a list: every one by its path, with what it means and what it is by default."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel

from rebracket.config.tree import Deployment, Section

ROOT = "deployment"
"""What all settings stand under."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a deployment."""

    path: tuple[str, ...]
    meaning: str

    @property
    def dotted(self) -> str:
        """Its path under `deployment`: `api.port`."""
        return ".".join(self.path)

    def of(self, deployment: Deployment) -> Any:
        """Its value in a deployment, as JSON has it."""
        value: Any = deployment.model_dump(mode="json")
        for key in self.path:
            value = value[key]
        return value


def every_setting() -> list[Setting]:
    """All that there are, in the order of the tree."""
    return list(_settings(Deployment, ()))


def names_at(path: Sequence[str | int]) -> list[str]:
    """The keys that may stand under a path, which names sections and places in lists of them."""
    if not path:
        return [ROOT]
    section: type[BaseModel] = Deployment
    for key in path[1:]:
        if isinstance(key, str):
            section = _section_in(section.model_fields[key].annotation) or section
    return list(section.model_fields)


def _settings(section: type[BaseModel], path: tuple[str, ...]) -> Iterator[Setting]:
    for name, field in section.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, Section):
            yield from _settings(inner, (*path, name))
        else:
            yield Setting((*path, name), " ".join((field.description or "").split()))


def _section_in(annotation: Any) -> type[Section] | None:
    """The section that a field is, or is a list of."""
    for kind in (annotation, *get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, Section):
            return kind
    return None
