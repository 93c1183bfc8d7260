"""`rebracket models`."""

import json
from typing import Any

import click

from rebracket.cli.common import as_json_option, fails_in_one_line, needs_training_extra


@click.group()
def models() -> None:
    """The models of the store."""


@models.command("list", epilog="Example: rebracket models list --json")
@as_json_option
@fails_in_one_line
def list_models(as_json: bool) -> None:
    """List this project's stored models."""
    from rebracket.registry import stored

    rows: list[dict[str, Any]] = [
        {
            "tag": str(model.tag),
            "created": model.info.creation_time.isoformat(timespec="seconds"),
            "metrics": model.info.metadata.get("metrics"),
        }
        for model in sorted(stored(), key=lambda model: str(model.tag))
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        click.echo(f"{row['tag']:36}{row['created']}  {row['metrics']}")


@models.command(epilog="Example: rebracket models install")
@fails_in_one_line
def install() -> None:
    """Put the model that comes with the package into the store: trained, then exported to ONNX.

    Does nothing where that version is there already.
    """
    needs_training_extra()
    from export.install import install_committed

    click.echo(f"{install_committed(step=lambda text: click.echo(text, err=True))} is in the store")
