"""A trained model as a folder: weights, facts, and the card that tells them to people.

The committed model (`rebracket/models/weights`) and each trained model of the store are such
folders.
"""

import shutil
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Self

from pydantic import ValidationError

from rebracket import registry
from rebracket.errors import ModelIncompatible
from rebracket.models.classifier import SegmentClassifier
from rebracket.training.card import render
from rebracket.training.facts import Facts

WEIGHTS = "weights.safetensors"
FACTS = "facts.json"
CARD = "card.md"


def committed_path() -> Path:
    """The folder of the trained model that comes with the package."""
    return Path(str(files("rebracket.models"))) / "weights"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A trained model on disk."""

    path: Path
    facts: Facts

    @classmethod
    def write(cls, path: Path, model: SegmentClassifier, facts: Facts) -> Self:
        """Write a trained model into a folder."""
        path.mkdir(parents=True, exist_ok=True)
        model.save(path / WEIGHTS)
        (path / FACTS).write_text(facts.model_dump_json(indent=2) + "\n", encoding="utf-8")
        (path / CARD).write_text(render(facts), encoding="utf-8")
        return cls(path=path, facts=facts)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a folder that `write` wrote.

        Raises:
            ModelIncompatible: it is not one.
        """
        try:
            facts = Facts.model_validate_json((path / FACTS).read_bytes())
        except (OSError, ValidationError) as error:
            raise ModelIncompatible(f"{path}: not a trained model: {error}") from None
        return cls(path=path, facts=facts)

    def model(self) -> SegmentClassifier:
        """The classifier with these weights, ready to infer."""
        model = SegmentClassifier()
        model.load(self.path / WEIGHTS)
        model.eval()
        return model

    def store(self) -> str:
        """Put the model into the store as `rebracket-segment-torch:VERSION`; returns the tag.

        Raises:
            StoreError: that version is there already.
        """
        metadata = {
            "metrics": self.facts.test.flat(),
            "validation_metrics": self.facts.validation.flat(),
            "data_hash": self.facts.data_hash,
            "code_version": self.facts.code_version,
            "calibration": self.facts.calibration.model_dump(),
            "labels": [str(label) for label in self.facts.labels],
        }
        with registry.create(
            registry.TRAINED, self.facts.version, labels={"stage": "trained"}, metadata=metadata
        ) as folder:
            for name in (WEIGHTS, FACTS, CARD):
                shutil.copyfile(self.path / name, folder / name)
        return f"{registry.TRAINED}:{self.facts.version}"
