"""Versions come into production, go back, and go away; each step is whole or was never made."""

from rebracket.config import Alias
from rebracket.errors import StoreError
from rebracket.registry import aliases
from rebracket.registry.aliases import Entry
from rebracket.registry.references import resolve, tag_of
from rebracket.registry.store import find, locked, place, remove


def promote(reference: str, alias: Alias) -> Entry:
    """Let `alias` name the stored version that a reference means; naming it already changes nothing.

    Raises:
        ModelNotFound: the store has no such version.
        ModelIncompatible: it can't be served.
        StoreError: the reference is a path: aliases name versions of the store.
    """
    with locked():
        model = resolve(reference)
        if model.path != place(model.name, model.version):
            raise StoreError(f"{reference} is not in the store: import it first")
        model.require_files()
        entry = aliases.current(alias)
        return entry if entry and entry.tag == model.tag else aliases.point(alias, model.tag)


def rollback(alias: Alias) -> Entry:
    """Let `alias` name what it named before.

    Raises:
        StoreError: it named nothing before.
        ModelNotFound: what it named is deleted.
    """
    with locked():
        entry = aliases.current(alias)
        target = entry and aliases.before(entry)
        if target is None:
            now = f"names {entry.tag}, and nothing before" if entry else "has never named a model"
            raise StoreError(f"{alias!r} {now}: there is nothing to roll back to")
        resolve(target.tag).require_files()
        return aliases.point_back(alias, target)


def delete(reference: str, *, force: bool = False) -> str:
    """Take a version out of the store for good; returns its tag.

    Raises:
        ModelNotFound: the store has no such version.
        StoreError: an alias names it, or would after a rollback, and `force` is not given.
    """
    with locked():
        model = find(tag_of(reference))
        tag = str(model.tag)
        users = _users(tag)
        if users and not force:
            raise StoreError(f"{tag} is in use: {'; '.join(users)}; --force deletes it anyway")
        remove(model.tag.name, str(model.tag.version))
        return tag


def _users(tag: str) -> list[str]:
    users = []
    for alias, entry in aliases.named().items():
        below = aliases.before(entry)
        if entry.tag == tag:
            users.append(f"{alias!r} names it")
        elif below and below.tag == tag:
            users.append(f"a rollback of {alias!r} returns to it")
    return users
