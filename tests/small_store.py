"""A model store of a test's own, and models of a few bytes to fill it with."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from bentoml._internal.configuration.containers import BentoMLContainer
from bentoml._internal.models import ModelStore

from rebracket import registry
from rebracket.inference.calibration import Calibration
from rebracket.registry import EXPORTED, MANIFEST, Artefact, Manifest
from rebracket.taxonomy import TYPES

Save = Callable[[str], str]
"""Stores a model of a version; returns its tag."""


def save_model(version: str) -> str:
    """Store what has all files of an exported model, and no graph in them."""
    manifest = Manifest(
        name=EXPORTED,
        version=version,
        created=registry.now(),
        labels=list(TYPES),
        metrics={"macro_f1": 0.5},
        artefacts={
            "int8": Artefact(file="model.int8.onnx", calibration=Calibration(temperature=1.0))
        },
    )
    metadata = {"metrics": {"macro_f1": 0.5}, "data_hash": "abc"}
    with registry.create(EXPORTED, version, labels={}, metadata=metadata) as folder:
        (folder / MANIFEST).write_text(manifest.model_dump_json(), encoding="utf-8")
        (folder / "tokenizer.json").write_text("{}", encoding="utf-8")
        (folder / "card.md").write_text("# A small model\n", encoding="utf-8")
        (folder / "model.int8.onnx").write_bytes(b"onnx")
    return f"{EXPORTED}:{version}"


@contextmanager
def home_in(folder: Path) -> Iterator[Path]:
    """An empty store in `folder`, for this process and those that it starts."""
    (folder / "models").mkdir(parents=True)
    own = {
        BentoMLContainer.bentoml_home: str(folder),
        BentoMLContainer.model_store_dir: str(folder / "models"),
        BentoMLContainer.model_store: ModelStore(folder / "models"),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENTOML_HOME", str(folder))
        for provider, value in own.items():
            provider.set(value)
        try:
            yield folder
        finally:
            for provider in own:
                provider.reset()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """An empty store of the test's own."""
    with home_in(tmp_path / "bentoml") as folder:
        yield folder


@pytest.fixture
def save(home: Path) -> Save:
    """Stores small models in a store of the test's own."""
    assert home
    return save_model
