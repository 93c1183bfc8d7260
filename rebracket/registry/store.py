"""The BentoML model store, of which versions are immutable and appear whole or not at all.

BentoML's own save makes a version's folder first and fills it then: killed in between, it leaves half
a model behind. Here a version is filled elsewhere and then renamed into its place.
"""

import fcntl
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import bentoml
from bentoml._internal.configuration.containers import BentoMLContainer
from bentoml._internal.models import ModelStore
from bentoml.exceptions import BentoMLException

from rebracket.config import data_folder
from rebracket.errors import ModelNotFound, StoreError
from rebracket.registry import checksums
from rebracket.registry.manifest import EXPORTED, TRAINED, VERSION

ABANDONED_S = 24 * 3600


def find(tag: str) -> bentoml.Model:
    """A model of the store by its exact tag, or `name:latest`.

    Raises:
        ModelNotFound: there is none; lists the store's rebracket models.
    """
    with suppress(BentoMLException, ValueError):
        model = bentoml.models.get(tag)
        # BentoML also takes the beginning of a version for the whole.
        if str(model.tag) == tag or tag.endswith(":latest"):
            return model
    raise ModelNotFound(f"no model {tag!r} in the store; there: {inventory()}")


def inventory() -> str:
    """What is there, for messages."""
    return ", ".join(sorted(str(model.tag) for model in stored())) or "none"


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
        StoreError: the version exists: versions are immutable; or it is no semantic version.
    """
    if not VERSION.fullmatch(version):
        raise StoreError(f"expected a semantic version like 1.2.0, not {version!r}")
    refuse_existing(name, version)
    with staging() as stage:
        with bentoml.models.create(
            f"{name}:{version}",
            labels=dict(labels),
            metadata=dict(metadata),
            _model_store=ModelStore(stage),
        ) as model:
            yield Path(model.path)
        commit(stage / name / version)


def refuse_existing(name: str, version: str) -> None:
    """Raises StoreError where the version is there already: versions are immutable."""
    if exists(name, version):
        raise already(name, version)


def already(name: str, version: str) -> StoreError:
    """Says that versions are immutable."""
    return StoreError(f"{name}:{version} exists; versions are immutable: give another one")


def commit(folder: Path) -> None:
    """Move a complete model folder `…/NAME/VERSION` into the store, in one step.

    Raises:
        StoreError: the version exists, or the store is on another disk than the staging folder.
    """
    name, version = folder.parts[-2:]
    checksums.seal(folder)
    with locked():
        target = place(name, version)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            raise already(name, version)
        try:
            folder.rename(target)
        except OSError as error:
            raise StoreError(f"{name}:{version} can't be moved into the store: {error}") from None
        _point_latest(name)


def remove(name: str, version: str) -> None:
    """Take a version out of the store, in one step; the caller holds the lock."""
    with staging() as stage:
        place(name, version).rename(stage / "removed")
    _point_latest(name)


@contextmanager
def staging() -> Iterator[Path]:
    """A folder on the store's disk; what a killed process left of one goes after a day."""
    home = data_folder() / "staging"
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in home.iterdir():
        with suppress(FileNotFoundError):
            if left.stat().st_mtime < time.time() - ABANDONED_S:
                shutil.rmtree(left, ignore_errors=True)
    with TemporaryDirectory(dir=home) as folder:
        yield Path(folder)


@contextmanager
def locked() -> Iterator[None]:
    """The right to change models and aliases: one process's at a time, and nobody's when it dies."""
    path = data_folder() / "registry.lock"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def place(name: str, version: str) -> Path:
    """Where the store has a version, or would have it."""
    return Path(BentoMLContainer.model_store_dir.get()) / name / version


def _point_latest(name: str) -> None:
    """`latest` is the newest creation time, as BentoML has it."""
    folder = place(name, "latest").parent
    versions = bentoml.models.list(name)
    if not versions:
        shutil.rmtree(folder)
        return
    newest = max(versions, key=lambda model: model.info.creation_time)
    new = folder / "latest.new"
    new.write_text(str(newest.tag.version), encoding="ascii")
    new.replace(folder / "latest")
