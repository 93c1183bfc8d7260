"""`rebracket keys`."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from rebracket.cli.common import as_json_option, fails_in_one_line, parse_duration
from rebracket.config import load_settings
from rebracket.errors import RebracketError
from rebracket.rates import Rate

if TYPE_CHECKING:
    from rebracket.gateway.key_records import KeyRecord, NewKey
    from rebracket.gateway.key_store import KeyStore
    from rebracket.gateway.keys import Scope

MAX_NAME = 64


@click.group()
def keys() -> None:
    """The API keys of the store that the settings name."""


@keys.command(
    epilog="Example: rebracket keys create --name studio --scopes predict,stream --expires 90d "
    "--rate 600/minute --streams 8"
)
@click.option("--name", required=True, help="Who holds it; up to 64 characters.")
@click.option(
    "--scopes",
    default="predict",
    show_default=True,
    help="Of predict, generate, stream, admin; with commas.",
)
@click.option("--expires", help="Lifetime: 30m, 12h, 90d, 52w; default: none.")
@click.option("--rate", help="Requests, like 600/minute; default: the settings'.")
@click.option("--work", help="Work in tokens, like 300000/minute; default: the settings'.")
@click.option(
    "--streams", type=click.IntRange(1, 10**6), help="Streams open at once; default: the settings'."
)
@as_json_option
@fails_in_one_line
def create(
    name: str,
    scopes: str,
    expires: str | None,
    rate: str | None,
    work: str | None,
    streams: int | None,
    as_json: bool,
) -> None:
    """Make a key and print it: once, it is not stored."""
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise RebracketError(f"--name: expected 1 to {MAX_NAME} printable characters")
    arguments: dict[str, Any] = {
        "scopes": _scopes(scopes),
        "lifetime": parse_duration("--expires", expires) if expires else None,
        "rate": _rate("--rate", rate),
        "work": _rate("--work", work),
        "streams": streams,
    }
    with _store() as store:
        _print_new(store.create(name, **arguments), as_json=as_json)


@keys.command("list", epilog="Example: rebracket keys list --json")
@as_json_option
@fails_in_one_line
def list_keys(as_json: bool) -> None:
    """List all keys, without their secrets."""
    with _store() as store:
        rows = [_describe(record) for record in store.list()]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        until = f"until {row['expires']}" if row["expires"] else ""
        scopes = ",".join(row["scopes"])
        click.echo(f"{row['id']}  {row['state']:8} {row['name']:20} {scopes}  {until}".rstrip())


@keys.command(epilog="Example: rebracket keys revoke 4fT9sKq2Lw")
@click.argument("key_id")
@as_json_option
@fails_in_one_line
def revoke(key_id: str, as_json: bool) -> None:
    """Refuse a key from now on; every worker sees it within 2 seconds."""
    with _store() as store:
        record = store.revoke(key_id)
    if as_json:
        click.echo(json.dumps(_describe(record), indent=2))
        return
    click.echo(f"{record.id} ({record.name}) is revoked")


@keys.command(epilog="Example: rebracket keys rotate 4fT9sKq2Lw --overlap 24h")
@click.argument("key_id")
@click.option(
    "--overlap", default="24h", show_default=True, help="How long the old key stays valid."
)
@as_json_option
@fails_in_one_line
def rotate(key_id: str, overlap: str, as_json: bool) -> None:
    """Make a key like this one and print it; the old one ends after the overlap."""
    length = parse_duration("--overlap", overlap)
    with _store() as store:
        _print_new(store.rotate(key_id, overlap=length), as_json=as_json)


@keys.command(epilog="Example: REBRACKET_BOOTSTRAP_KEY=$(rebracket keys generate)")
@fails_in_one_line
def generate() -> None:
    """Print a well-formed key that is in no store: for REBRACKET_BOOTSTRAP_KEY."""
    from rebracket.gateway.keys import Key

    click.echo(str(Key.generate()))


@contextmanager
def _store() -> Iterator["KeyStore"]:
    from rebracket.gateway.key_store import KeyStore

    store = KeyStore.open(load_settings().deployment.auth.store)
    try:
        yield store
    finally:
        store.close()


def _print_new(new: "NewKey", *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({**_describe(new.record), "key": str(new.key)}, indent=2))
        return
    click.echo(str(new.key))
    click.echo("It is shown this once: only its hash is stored.", err=True)


def _describe(record: "KeyRecord") -> dict[str, Any]:
    from rebracket.gateway.key_records import now

    return {
        "id": record.id,
        "name": record.name,
        "state": record.state(now()),
        "scopes": list(record.scopes),
        "rate": record.rate,
        "work": record.work,
        "streams": record.streams,
        "created": record.created.isoformat(),
        "expires": record.expires and record.expires.isoformat(),
        "revoked": record.revoked and record.revoked.isoformat(),
        "rotated_from": record.origin if record.origin != record.id else None,
    }


def _scopes(text: str) -> "tuple[Scope, ...]":
    from rebracket.gateway.keys import SCOPES

    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in SCOPES:
            raise RebracketError(f"--scopes: no scope {name!r}; there are: {', '.join(SCOPES)}")
    return tuple(name for name in SCOPES if name in names)


def _rate(option: str, text: str | None) -> Rate | None:
    try:
        return Rate(text) if text is not None else None
    except ValueError as error:
        raise RebracketError(f"{option}: {error}, not {text!r}") from None
