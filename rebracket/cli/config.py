"""`rebracket config`."""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import click

from rebracket.cli.common import as_json_option, fails_in_one_line
from rebracket.config import BOOTSTRAP_VARIABLE, Deployment, load_settings
from rebracket.config.documents import schema as schema_of_file
from rebracket.config.listing import ROOT, every_setting
from rebracket.config.masking import MASK, masked_values
from rebracket.config.origins import Origin, Origins
from rebracket.errors import ConfigError


@click.group()
def config() -> None:
    """The settings: what holds and why, what is wrong, what there is."""


@config.command(epilog="Example: rebracket --config config.yaml config show")
@as_json_option
@fails_in_one_line
def show(as_json: bool) -> None:
    """Print every setting with its value and where it came from; * marks those that are no default."""
    rows = list(_rows(load_settings().deployment, Origins.read()))
    if as_json:
        click.echo(json.dumps([row.described() for row in rows], indent=2))
        return
    wide = max(len(row.setting) for row in rows)
    wider = max(len(row.text) for row in rows)
    for row in rows:
        mark = " " if row.is_default else "*"
        click.echo(f"{mark} {row.setting:{wide}}  {row.text:{wider}}  {row.origin}")


@config.command(epilog="Example: rebracket --config config.yaml config check")
@as_json_option
def check(as_json: bool) -> None:
    """Look for all that would stop a start; nothing is started, made or changed."""
    problems, warnings = _found()
    if as_json:
        click.echo(json.dumps({"problems": problems, "warnings": warnings}, indent=2))
    else:
        for line in [*(f"warning: {line}" for line in warnings), *problems]:
            click.echo(f"rebracket: {line}", err=True)
        if not problems:
            click.echo("Nothing stops a start.")
    if problems:
        sys.exit(2)


@config.command(epilog="Example: rebracket config schema > config.schema.json")
def schema() -> None:
    """Print the JSON schema of the settings file, for editors."""
    click.echo(schema_of_file(), nl=False)


@dataclass(frozen=True, slots=True)
class Row:
    """A setting as it may be shown."""

    setting: str
    value: Any
    is_default: bool
    origin: Origin

    @property
    def text(self) -> str:
        """Its value for people."""
        return self.value if isinstance(self.value, str) else json.dumps(self.value)

    def described(self) -> dict[str, Any]:
        """All of it for programs."""
        return {
            "setting": self.setting,
            "value": self.value,
            "is_default": self.is_default,
            "origin": self.origin.kind,
            "name": self.origin.name,
        }


def _rows(deployment: Deployment, origins: Origins) -> Iterator[Row]:
    """A row a setting, and one for the key that only the environment can hold."""
    defaults = Deployment()
    for setting in every_setting():
        path, value = (ROOT, *setting.path), setting.of(deployment)
        is_default = value == setting.of(defaults)
        yield Row(".".join(path), masked_values(value), is_default, origins.of(path))
    if os.environ.get(BOOTSTRAP_VARIABLE):
        origin = Origin("environment", BOOTSTRAP_VARIABLE)
        yield Row(BOOTSTRAP_VARIABLE, MASK, is_default=False, origin=origin)


def _found() -> tuple[list[str], list[str]]:
    """Problems and warnings."""
    try:
        deployment = load_settings().deployment
    except ConfigError as error:
        return list(error.problems), []
    from rebracket.preflight import look

    findings = look(deployment)
    return findings.problems, findings.warnings
