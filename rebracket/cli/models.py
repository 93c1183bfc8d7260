"""`rebracket models`."""

import json
from typing import TYPE_CHECKING, Any

import click

from rebracket.cli.common import as_json_option, fails_in_one_line, needs_training_extra
from rebracket.config import ALIASES, Alias

if TYPE_CHECKING:
    from rebracket.registry.aliases import Entry

to_option = click.option(
    "--to",
    "alias",
    type=click.Choice(ALIASES),
    default="production",
    show_default=True,
    help="The alias that shall name it.",
)


@click.group()
def models() -> None:
    """The models of the store.

    A REFERENCE is a tag (rebracket-segment:1.2.0), a version (1.2.0), latest, or an alias
    (production, candidate).
    """


@models.command("list", epilog="Example: rebracket models list --json")
@as_json_option
@fails_in_one_line
def list_models(as_json: bool) -> None:
    """List this project's stored models, and which of them aliases name."""
    from rebracket.registry import descriptions

    rows = descriptions.everything()
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        aliases = f"  ({', '.join(row['aliases'])})" if row["aliases"] else ""
        click.echo(f"{row['tag']:36}{row['created']}  {row['metrics']}{aliases}")


@models.command(epilog="Example: rebracket models show production")
@click.argument("reference")
@as_json_option
@fails_in_one_line
def show(reference: str, as_json: bool) -> None:
    """Show what is known of a model: metrics, origin, files; of an alias its history too.

    The files are compared with the checksums that were taken when the model was saved.
    """
    from rebracket.registry import descriptions

    found = descriptions.one(reference)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for name in ("tag", "created", "aliases", "unchanged"):
        value = found[name]
        click.echo(f"{name:12}{', '.join(value) if isinstance(value, list) else value}")
    click.echo("files")
    for file, size in found["files"].items():
        click.echo(f"  {file:24}{size:>12,} bytes")
    for name, value in found["metadata"].items():
        click.echo(f"{name:12}{json.dumps(value)}")
    for entry in found.get("history", ()):
        click.echo(f"  {entry['at']}  {entry['action']:8}  {entry['tag']}")


@models.command(epilog="Example: rebracket models promote 1.2.0 --to candidate")
@click.argument("reference")
@to_option
@as_json_option
@fails_in_one_line
def promote(reference: str, alias: Alias, as_json: bool) -> None:
    """Let an alias name a stored version; servers follow at POST /admin/reload."""
    from rebracket.registry import lifecycle

    _tell(lifecycle.promote(reference, alias), as_json=as_json)


@models.command(epilog="Example: rebracket models rollback production")
@click.argument("alias", type=click.Choice(ALIASES), default="production")
@as_json_option
@fails_in_one_line
def rollback(alias: Alias, as_json: bool) -> None:
    """Let an alias name what it named before; again, what it named before that."""
    from rebracket.registry import lifecycle

    _tell(lifecycle.rollback(alias), as_json=as_json)


@models.command(
    "export", epilog="Example: rebracket models export production s3://bucket/model.tar"
)
@click.argument("reference")
@click.argument("target")
@click.option("--force", is_flag=True, help="Overwrite what is there.")
@as_json_option
@fails_in_one_line
def export_model(reference: str, target: str, force: bool, as_json: bool) -> None:
    """Write a model as an archive with checksums, to a path or any fsspec URL."""
    from rebracket.registry import archive

    tag = archive.export_model(reference, target, overwrite=force)
    text = json.dumps({"tag": tag, "target": target}) if as_json else f"{tag} is in {target}"
    click.echo(text)


@models.command("import", epilog="Example: rebracket models import model.tar")
@click.argument("source")
@as_json_option
@fails_in_one_line
def import_model(source: str, as_json: bool) -> None:
    """Put a model of an archive into the store, from a path or any fsspec URL.

    An archive that was changed, cut off or made by something else is refused whole.
    """
    from rebracket.registry import archive

    tag = archive.import_model(source)
    click.echo(json.dumps({"tag": tag}) if as_json else f"{tag} is in the store")


@models.command(epilog="Example: rebracket models delete 1.0.0")
@click.argument("reference")
@click.option("--force", is_flag=True, help="Even if an alias names it.")
@as_json_option
@fails_in_one_line
def delete(reference: str, force: bool, as_json: bool) -> None:
    """Delete a version for good, unless an alias names it or would after a rollback."""
    from rebracket.registry import lifecycle

    tag = lifecycle.delete(reference, force=force)
    click.echo(json.dumps({"deleted": tag}) if as_json else f"{tag} is deleted")


@models.command(epilog="Example: rebracket models install")
@fails_in_one_line
def install() -> None:
    """Put the model that comes with the package into the store: trained, then exported to ONNX.

    Does nothing where that version is there already.
    """
    needs_training_extra()
    from export.install import install_committed

    click.echo(f"{install_committed(step=lambda text: click.echo(text, err=True))} is in the store")


def _tell(entry: "Entry", *, as_json: bool) -> None:
    from rebracket.registry import aliases

    before = aliases.before(entry)
    if as_json:
        values: dict[str, Any] = {
            "alias": entry.alias,
            "tag": entry.tag,
            "at": entry.at,
            "rollback_to": before and before.tag,
        }
        click.echo(json.dumps(values, indent=2))
        return
    click.echo(f"{entry.alias} is {entry.tag} since {entry.at}")
    click.echo(f"a rollback returns to {before.tag if before else 'nothing'}", err=True)
