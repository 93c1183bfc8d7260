"""A trained model as a folder: weights, facts, and the card that tells them to people.

The committed model (`rebracket/models/weights`) and each trained model of the store are such
folders. Encoders of music and the generator are there or not, each with its own weights and facts.
"""

import shutil
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Self, get_args

from pydantic import BaseModel, ValidationError

from rebracket import registry
from rebracket.errors import ModelIncompatible
from rebracket.models import music, precision
from rebracket.models.classifier import SegmentClassifier
from rebracket.models.generator import Generator
from rebracket.models.music import MusicReader
from rebracket.training.card import confusion_picture, render
from rebracket.training.facts import Facts
from rebracket.training.generator.facts import GeneratorFacts
from rebracket.training.music.facts import MusicFacts
from rebracket.training.music.recipe import MusicEncoder

WEIGHTS = "weights.safetensors"
FACTS = "facts.json"
CARD = "card.md"
GENERATOR = "generator"


def committed_path() -> Path:
    """The folder of the trained model that comes with the package."""
    return Path(str(files("rebracket.models"))) / "weights"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A trained model on disk; `facts` are those of the encoder of words, and its version is the model's."""

    path: Path
    facts: Facts
    music: dict[MusicEncoder, MusicFacts]
    generator: GeneratorFacts | None = None

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a bundle's folder.

        Raises:
            ModelIncompatible: it is none.
        """
        try:
            facts = Facts.model_validate_json((path / FACTS).read_bytes())
            there = [name for name in get_args(MusicEncoder) if (path / f"{name}.json").exists()]
            found = {
                name: MusicFacts.model_validate_json((path / f"{name}.json").read_bytes())
                for name in there
            }
            writes = path / f"{GENERATOR}.json"
            generator = (
                GeneratorFacts.model_validate_json(writes.read_bytes()) if writes.exists() else None
            )
        except (OSError, ValidationError) as error:
            raise ModelIncompatible(f"{path}: not a trained model: {error}") from None
        return cls(path=path, facts=facts, music=found, generator=generator)

    def copied(self, path: Path) -> Self:
        """The same in another folder."""
        path.mkdir(parents=True, exist_ok=True)
        for name in self.files():
            shutil.copyfile(self.path / name, path / name)
        return replace(self, path=path)

    def with_words(self, model: SegmentClassifier, facts: Facts) -> Self:
        """Replace the encoder of words, and the version."""
        model.save(self.path / WEIGHTS)
        return replace(self, facts=facts)._described()

    def with_music(
        self, encoder: MusicEncoder, model: MusicReader, facts: MusicFacts, version: str
    ) -> Self:
        """Replace or add an encoder of music, and the version."""
        precision.save(model, self.path / f"{encoder}.safetensors")
        music = {**self.music, encoder: facts}
        return replace(self, facts=self._as(version, facts.created), music=music)._described()

    def with_generator(self, model: Generator, facts: GeneratorFacts, version: str) -> Self:
        """Replace or add the generator, and the version."""
        precision.save(model, self.path / f"{GENERATOR}.safetensors")
        own = self._as(version, facts.created)
        return replace(self, facts=own, generator=facts)._described()

    def _as(self, version: str, created: str) -> Facts:
        return self.facts.model_copy(update={"version": version, "created": created})

    def _described(self) -> Self:
        """Write facts, pictures and card."""
        found: dict[str, BaseModel] = {
            FACTS: self.facts,
            **{f"{name}.json": facts for name, facts in self.music.items()},
        }
        if self.generator:
            found[f"{GENERATOR}.json"] = self.generator
        for file, facts in found.items():
            (self.path / file).write_text(facts.model_dump_json(indent=2) + "\n", encoding="utf-8")
        for name, facts in self.music.items():
            picture = confusion_picture(next(iter(facts.tests.values())))
            (self.path / f"{name}.svg").write_text(picture, encoding="utf-8")
        (self.path / CARD).write_text(
            render(self.facts, self.music, self.generator), encoding="utf-8"
        )
        return self

    def files(self) -> list[str]:
        """The names of its files."""
        own = [f"{name}.{kind}" for name in self.music for kind in ("safetensors", "json", "svg")]
        writes = (
            [f"{GENERATOR}.{kind}" for kind in ("safetensors", "json")] if self.generator else []
        )
        return [WEIGHTS, FACTS, CARD, *own, *writes]

    def described(self) -> list[str]:
        """The names of the files that say what it is worth: the card and its pictures."""
        return [CARD, *(f"{name}.svg" for name in self.music)]

    def model(self) -> SegmentClassifier:
        """The encoder of words with these weights, ready to infer."""
        model = SegmentClassifier()
        model.load(self.path / WEIGHTS)
        model.eval()
        return model

    def music_model(self, encoder: MusicEncoder) -> MusicReader:
        """An encoder of music with these weights, ready to infer."""
        return music.load(encoder, self.path / f"{encoder}.safetensors")

    def generator_model(self) -> Generator:
        """The generator with these weights, ready to write."""
        path = self.path / f"{GENERATOR}.safetensors"
        return precision.load(Generator(), path, what="the generator")

    def store(self) -> str:
        """Put the model into the store as `rebracket-segment-torch:VERSION`; returns the tag.

        Raises:
            StoreError: that version is there already.
        """
        metadata = {
            "metrics": self.facts.test.flat(),
            "validation_metrics": self.facts.validation.flat(),
            "music_metrics": self.music_metrics(),
            "generator_metrics": self.generator.flat() if self.generator else {},
            "data_hash": self.facts.data_hash,
            "code_version": self.facts.code_version,
            "calibration": self.facts.calibration.model_dump(),
            "labels": [str(label) for label in self.facts.labels],
        }
        with registry.create(
            registry.TRAINED, self.facts.version, labels={"stage": "trained"}, metadata=metadata
        ) as folder:
            self.copied(folder)
        return f"{registry.TRAINED}:{self.facts.version}"

    def music_metrics(self) -> dict[str, dict[str, dict[str, float]]]:
        """Scalars by encoder and by what was kept apart, as model metadata holds them."""
        return {
            name: {test: metrics.flat() for test, metrics in facts.tests.items()}
            for name, facts in self.music.items()
        }
