"""A second version of the model, without a second training."""

import shutil

from rebracket import registry
from rebracket.registry import EXPORTED, MANIFEST, ExportedModel


def save_copy(model: ExportedModel, version: str) -> None:
    """Store a real model under another version."""
    manifest = model.manifest.model_copy(update={"version": version})
    with registry.create(EXPORTED, version, labels={}, metadata={}) as folder:
        graphs = {item.file for item in manifest.artefacts.values()}
        graphs |= {item.file for item in manifest.music.values()}
        for name in ("tokenizer.json", "card.md", *graphs):
            shutil.copyfile(model.file(name), folder / name)
        (folder / MANIFEST).write_text(manifest.model_dump_json(), encoding="utf-8")
