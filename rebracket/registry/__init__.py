"""The BentoML model store: versions that never change, aliases that name them, archives of them."""

from rebracket.registry.manifest import (
    EXPORTED,
    MANIFEST,
    TRAINED,
    Artefact,
    ExportedModel,
    Manifest,
    SemanticVersion,
    now,
    read_exported,
)
from rebracket.registry.references import resolve
from rebracket.registry.store import create, exists, find, refuse_existing, stored

__all__ = [
    "EXPORTED",
    "MANIFEST",
    "TRAINED",
    "Artefact",
    "ExportedModel",
    "Manifest",
    "SemanticVersion",
    "create",
    "exists",
    "find",
    "now",
    "read_exported",
    "refuse_existing",
    "resolve",
    "stored",
]
