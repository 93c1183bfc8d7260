"""`rebracket config`."""

import json
import os
import sys
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
    rows = _rows(load_settings().deployment, Origins.read())
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    texts = [_text(row["value"]) for row in rows]
    wide, wider = max(len(row["setting"]) for row in rows), max(map(len, texts))
    for row, text in zip(rows, texts, strict=True):
        mark = " " if row["is_default"] else "*"
        origin = row["origin"] if row["name"] is None else f"{row['origin']} {row['name']}"
        click.echo(f"{mark} {row['setting']:{wide}}  {text:{wider}}  {origin}")


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


def _rows(deployment: Deployment, origins: Origins) -> list[dict[str, Any]]:
    """A row a setting, and one for the key that only the environment can hold."""
    defaults = Deployment()
    rows = []
    for setting in every_setting():
        path, value = (ROOT, *setting.path), setting.of(deployment)
        rows.append(
            {
                "setting": ".".join(path),
                "value": masked_values(value),
                "is_default": value == setting.of(defaults),
                **_described(origins.of(path)),
            }
        )
    if os.environ.get(BOOTSTRAP_VARIABLE):
        secret = {"setting": BOOTSTRAP_VARIABLE, "value": MASK, "is_default": False}
        rows.append({**secret, **_described(Origin("environment", BOOTSTRAP_VARIABLE))})
    return rows


def _described(origin: Origin) -> dict[str, str | None]:
    return {"origin": origin.kind, "name": origin.name}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _found() -> tuple[list[str], list[str]]:
    """Problems and warnings."""
    try:
        deployment = load_settings().deployment
    except ConfigError as error:
        return list(error.problems), []
    from rebracket.preflight import look

    findings = look(deployment)
    return findings.problems, findings.warnings
