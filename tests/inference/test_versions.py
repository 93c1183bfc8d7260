"""What is loaded follows what references mean, each version once."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest

from rebracket.config import AB, Deployment, Variant
from rebracket.errors import ModelNotFound
from rebracket.inference.predictor import Reader
from rebracket.inference.versions import Versions
from rebracket.registry import ExportedModel, reloads
from rebracket.registry.lifecycle import promote, rollback
from rebracket.schemas import ModelRef
from rebracket.segment.text import TextEncoder
from tests.small_store import Save

SOON_S = 20


class Loader:
    """Loads readers without engines, and counts."""

    def __init__(self) -> None:
        self.loads: list[str] = []

    def __call__(self, model: ExportedModel) -> Reader:
        self.loads.append(model.version)
        return Reader(
            model=model,
            ref=ModelRef(name=model.name, version=model.version, variant="default"),
            encoder=cast("TextEncoder", None),
            calibrations={"words": model.artefacts("int8")["words"].calibration},
            engines={"words": object()},
        )


@contextmanager
def serving(load: Loader, *references: str) -> Iterator[Versions]:
    variants = [Variant(model=reference) for reference in references]
    versions = Versions(Deployment(ab=AB(variants=variants)), load)
    try:
        yield versions
    finally:
        versions.close()


def served(versions: Versions) -> list[tuple[str, str]]:
    return [(v.name, v.reader.ref.version) for v in versions.router.variants]


@pytest.fixture
def promoted(save: Save) -> None:
    for version in ("1.0.0", "2.0.0"):
        save(version)
    promote("1.0.0", "production")
    promote("1.0.0", "candidate")


@pytest.mark.usefixtures("promoted")
class TestVersions:
    def test_a_version_by_two_names_is_loaded_once(self) -> None:
        load = Loader()
        with serving(load, "production", "candidate") as versions:
            assert served(versions) == [("production", "1.0.0"), ("candidate", "1.0.0")]
            one, other = (variant.reader for variant in versions.router.variants)
            assert one.engines is other.engines
        assert load.loads == ["1.0.0"]

    def test_a_reload_follows_the_alias_and_loads_only_what_is_new(self) -> None:
        load = Loader()
        with serving(load, "production", "candidate") as versions:
            before = versions.router
            promote("2.0.0", "candidate")
            assert served(versions) == [("production", "1.0.0"), ("candidate", "1.0.0")]
            versions.reload()
            assert served(versions) == [("production", "1.0.0"), ("candidate", "2.0.0")]
            assert before.variants[1].reader.ref.version == "1.0.0"  # whoever had it still has it
            a_reload_without_a_change_changes_nothing(versions)
        assert load.loads == ["1.0.0", "2.0.0"]

    def test_a_reload_that_fails_leaves_what_was_served(self, home: Path) -> None:
        with serving(Loader(), "production") as versions:
            (home / "rebracket" / "aliases.db").unlink()
            with pytest.raises(ModelNotFound, match="'production' names no model yet"):
                versions.reload()
            assert served(versions) == [("production", "1.0.0")]

    def test_other_processes_follow_a_wish(self) -> None:
        with serving(Loader(), "production") as versions:
            promote("2.0.0", "production")
            reloads.ask()
            until(versions, "2.0.0")
            rollback("production")
            reloads.ask()
            until(versions, "1.0.0")


def a_reload_without_a_change_changes_nothing(versions: Versions) -> None:
    before = served(versions)
    versions.reload()
    assert served(versions) == before


def until(versions: Versions, version: str) -> None:
    end = time.monotonic() + SOON_S
    while served(versions) != [("production", version)]:
        assert time.monotonic() < end, "not followed"
        time.sleep(0.05)
