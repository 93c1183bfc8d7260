"""An exported model as a folder: `manifest.json`, `tokenizer.json`, `card.md`, one ONNX file an artefact."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rebracket.errors import ModelIncompatible
from rebracket.inference.calibration import Calibration
from rebracket.inference.material import EncoderName
from rebracket.monitoring.baseline import Baseline
from rebracket.taxonomy import TYPES, RebracketingType

TRAINED = "rebracket-segment-torch"
EXPORTED = "rebracket-segment"
MANIFEST = "manifest.json"

VERSION = re.compile(r"\d+\.\d+\.\d+(-[0-9a-z.-]+)?")
SemanticVersion = Annotated[str, Field(pattern=f"^{VERSION.pattern}$")]


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
    """Of the encoder of words."""
    music: dict[EncoderName, Artefact] = {}
    """Of the encoders of music, which are served in full precision."""
    generator: str | None = None
    """The ONNX file of the generator of segments."""
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
    def tag(self) -> str:
        """`name:version`."""
        return f"{self.name}:{self.version}"

    @property
    def card(self) -> str:
        """The model card, Markdown."""
        return self.file("card.md").read_text(encoding="utf-8")

    def artefacts(self, quantization: Literal["int8", "none"]) -> dict[EncoderName, Artefact]:
        """The ONNX files for a quantization setting, by encoder.

        Raises:
            ModelIncompatible: the model was exported without it.
        """
        there = self.manifest.artefacts
        if quantization not in there:
            raise ModelIncompatible(
                f"{self.tag} has no {quantization!r} artefact; it has: {', '.join(there)}"
            )
        return {"words": there[quantization], **self.manifest.music}

    def file(self, name: str) -> Path:
        """The path of one of the model's files.

        Raises:
            ModelIncompatible: the file is not there.
        """
        path = self.path / name
        if not path.is_file():
            raise ModelIncompatible(f"{self.tag} lacks {name} in {self.path}")
        return path

    def require_files(self) -> None:
        """Raises ModelIncompatible where a file that serving may need is not there."""
        for name in (
            "tokenizer.json",
            "card.md",
            *(a.file for a in self.manifest.artefacts.values()),
            *(a.file for a in self.manifest.music.values()),
            *([self.manifest.generator] if self.manifest.generator else []),
        ):
            self.file(name)


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


def now() -> str:
    """The creation time that manifests carry, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
