"""What a reference to a model means: `production`, `rebracket-segment:1.2.0`, `1.2.0`, `/a/folder`."""

from pathlib import Path

from rebracket.config import Alias
from rebracket.errors import ModelIncompatible, ModelNotFound
from rebracket.registry import aliases
from rebracket.registry.manifest import EXPORTED, VERSION, ExportedModel, read_exported
from rebracket.registry.store import find, inventory


def resolve(reference: str) -> ExportedModel:
    """The exported model that a reference names.

    It is an alias (`production`, `rebracket-segment:production`), a store tag (`name:version`,
    `name:latest`, or the version of a `rebracket-segment` alone), or a path to an exported model.

    Raises:
        ModelNotFound: there is none; says what is there instead.
        ModelIncompatible: it is not an exported model of this format.
    """
    if alias := aliases.alias_of(reference):
        return _of_store(_named(alias))
    folder = Path(reference).expanduser()
    if folder.is_dir():
        return read_exported(folder)
    return _of_store(tag_of(reference))


def tag_of(reference: str) -> str:
    """A reference to the store as a tag; of an alias, what it names.

    Raises:
        ModelNotFound: it is an alias that names nothing.
    """
    if alias := aliases.alias_of(reference):
        return _named(alias)
    bare = reference == "latest" or VERSION.fullmatch(reference)
    return f"{EXPORTED}:{reference}" if bare else reference


def there() -> str:
    """What there is to refer to, for messages."""
    named = ", ".join(f"{name} = {entry.tag}" for name, entry in aliases.named().items())
    return f"there: {inventory()}; aliases: {named or 'none'}"


def _named(alias: Alias) -> str:
    entry = aliases.current(alias)
    if entry is None:
        raise ModelNotFound(f"{alias!r} names no model yet; {there()}")
    return entry.tag


def _of_store(tag: str) -> ExportedModel:
    try:
        stored = find(tag)
    except ModelNotFound:
        raise ModelNotFound(f"no model {tag!r} in the store; {there()}") from None
    if stored.tag.name != EXPORTED:
        raise ModelIncompatible(f"{stored.tag} is not an exported model: export it; {there()}")
    return read_exported(Path(stored.path))
