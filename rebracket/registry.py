"""The BentoML model store: trained models in, exported models out.

An exported model is a folder with `manifest.json` (`Manifest`), `tokenizer.json`, one ONNX file an
artefact and `card.md`; in the store, or at any path.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import bentoml
from bentoml.exceptions import BentoMLException
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rebracket.errors import ModelIncompatible, ModelNotFound, StoreError
from rebracket.inference.calibration import Calibration
from rebracket.monitoring.baseline import Baseline
from rebracket.taxonomy import TYPES, RebracketingType

TRAINED = "rebracket-segment-torch"
EXPORTED = "rebracket-segment"
MANIFEST = "manifest.json"

SemanticVersion = Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+(-[0-9a-z.-]+)?$")]


class Record(BaseModel):
    """Read from files that may be older or newer than this code: exact, never guessed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Artefact(Record):
    """One ONNX file of an exported model."""

    file: str
    calibration: Calibration


class Manifest(Record):
    """What serving needs to know of an exported model."""

    format: Literal[1] = 1
    name: str
    version: SemanticVersion
    created: str
    labels: list[RebracketingType]
    metrics: dict[str, float]
    artefacts: dict[Literal["int8", "none"], Artefact]
    baseline: Baseline | None = None


@dataclass(frozen=True, slots=True)
class ExportedModel:
    """An exported model on disk."""

    path: Path
    manifest: Manifest

    @property
    def name(self) -> str:
        """The store name, without a version."""
        return self.manifest.name

    @property
    def version(self) -> str:
        """The semantic version."""
        return self.manifest.version

    @property
    def card(self) -> str:
        """The model card, Markdown."""
        return self.file("card.md").read_text(encoding="utf-8")

    def artefact(self, quantization: Literal["int8", "none"]) -> Artefact:
        """The ONNX file for a quantization setting.

        Raises:
            ModelIncompatible: the model was exported without it.
        """
        try:
            return self.manifest.artefacts[quantization]
        except KeyError:
            there = ", ".join(self.manifest.artefacts)
            raise ModelIncompatible(
                f"{self.name}:{self.version} has no {quantization!r} artefact; it has: {there}"
            ) from None

    def file(self, name: str) -> Path:
        """The path of one of the model's files.

        Raises:
            ModelIncompatible: the file is not there.
        """
        path = self.path / name
        if not path.is_file():
            raise ModelIncompatible(f"{self.name}:{self.version} lacks {name} in {self.path}")
        return path


def resolve(model_path: str) -> ExportedModel:
    """The exported model that a store tag (`name:version`, `name:latest`) or a path names.

    Raises:
        ModelNotFound: there is none; says what is there instead.
        ModelIncompatible: it is not an exported model of this format.
    """
    folder = Path(model_path).expanduser()
    if folder.is_dir():
        return read_exported(folder)
    return read_exported(Path(find(model_path).path))


def read_exported(folder: Path) -> ExportedModel:
    """Read an exported model's manifest.

    Raises:
        ModelIncompatible: there is none, or it is of another format.
    """
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except FileNotFoundError:
        raise ModelIncompatible(f"{folder}: no {MANIFEST}: not an exported model") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ModelIncompatible(f"{folder}/{MANIFEST}: {place}: {first['msg']}") from None
    if tuple(manifest.labels) != TYPES:
        raise ModelIncompatible(f"{folder}/{MANIFEST}: labels differ from the taxonomy")
    return ExportedModel(path=folder.absolute(), manifest=manifest)


def find(tag: str) -> bentoml.Model:
    """A model of the store by tag.

    Raises:
        ModelNotFound: there is none; lists the store's rebracket models.
    """
    try:
        return bentoml.models.get(tag)
    except (BentoMLException, ValueError):
        there = ", ".join(sorted(str(model.tag) for model in stored())) or "none"
        raise ModelNotFound(f"no model {tag!r} in the store; there: {there}") from None


def stored() -> list[bentoml.Model]:
    """This project's models in the store."""
    return [model for model in bentoml.models.list() if model.tag.name in (TRAINED, EXPORTED)]


def exists(name: str, version: str) -> bool:
    """Whether the store has this exact version."""
    return any(str(model.tag) == f"{name}:{version}" for model in stored())


@contextmanager
def create(
    name: str, version: str, *, labels: Mapping[str, str], metadata: Mapping[str, Any]
) -> Iterator[Path]:
    """A folder that becomes a stored model when the block ends well, and nothing otherwise.

    Raises:
        StoreError: the version exists: versions are immutable.
    """
    refuse_existing(name, version)
    with bentoml.models.create(
        f"{name}:{version}", labels=dict(labels), metadata=dict(metadata)
    ) as model:
        yield Path(model.path)


def refuse_existing(name: str, version: str) -> None:
    """Raises StoreError where the version is there already: versions are immutable."""
    if exists(name, version):
        raise StoreError(f"{name}:{version} exists; versions are immutable: give another one")


def now() -> str:
    """The creation time that manifests carry, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
