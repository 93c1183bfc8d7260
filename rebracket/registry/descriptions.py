"""What there is to say of stored models, as plain values for people and JSON."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import bentoml

from rebracket.errors import ModelCorrupt
from rebracket.registry import aliases, checksums
from rebracket.registry.manifest import EXPORTED, read_exported
from rebracket.registry.references import tag_of
from rebracket.registry.store import find, stored


def everything() -> list[dict[str, Any]]:
    """A line for each stored model, in the order of tags."""
    return [_line(model) for model in sorted(stored(), key=lambda model: str(model.tag))]


def one(reference: str) -> dict[str, Any]:
    """All that is known of one model, and of the alias by which it was asked for.

    Raises:
        ModelNotFound: the store has no such model.
    """
    model = find(tag_of(reference))
    folder = Path(model.path)
    found = {
        **_line(model),
        "metadata": model.info.metadata,
        "files": {path.name: path.stat().st_size for path in sorted(folder.iterdir())},
        "unchanged": _unchanged(folder),
    }
    if model.tag.name == EXPORTED:
        baseline = read_exported(folder).manifest.baseline
        found["baseline"] = baseline and baseline.model_dump(mode="json")
    if alias := aliases.alias_of(reference):
        found["history"] = [asdict(entry) for entry in aliases.history(alias)]
    return found


def _line(model: bentoml.Model) -> dict[str, Any]:
    tag = str(model.tag)
    return {
        "tag": tag,
        "created": model.info.creation_time.isoformat(timespec="seconds"),
        "metrics": model.info.metadata.get("metrics"),
        "aliases": [name for name, entry in aliases.named().items() if entry.tag == tag],
    }


def _unchanged(folder: Path) -> str:
    try:
        sums = checksums.verify(folder)
    except ModelCorrupt as error:
        return f"no: {error}"
    return "yes" if sums else "unknown: saved without checksums"
