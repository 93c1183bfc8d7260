"""A second version of the model, without a second training."""

import shutil

from rebracket import registry
from rebracket.registry import EXPORTED, MANIFEST, ExportedModel

OWN = ("model.yaml", "SHA256SUMS", MANIFEST)
"""What each stored version has of its own."""


def save_copy(model: ExportedModel, version: str) -> None:
    """Store a real model under another version."""
    manifest = model.manifest.model_copy(update={"version": version})
    with registry.create(EXPORTED, version, labels={}, metadata={}) as folder:
        others = shutil.ignore_patterns(*OWN)
        shutil.copytree(model.path, folder, ignore=others, dirs_exist_ok=True)
        (folder / MANIFEST).write_text(manifest.model_dump_json(), encoding="utf-8")
