"""The store: immutable, nothing half-saved, whoever dies when."""

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import bentoml
import pytest

from rebracket import registry
from rebracket.errors import ModelCorrupt, StoreError
from rebracket.registry import EXPORTED, checksums, resolve, store
from tests.small_store import Save, save_model

ROOT = Path(__file__).parents[2]


def dies(*arguments: str) -> None:
    """Run `killed.py` and see it die."""
    command = [sys.executable, "-m", "tests.registry.killed", *arguments]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL


def test_a_save_that_fails_leaves_nothing(home: Path) -> None:
    def fail() -> None:
        with registry.create(EXPORTED, "0.0.1", labels={}, metadata={}) as folder:
            (folder / "half").touch()
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        fail()
    assert not registry.exists(EXPORTED, "0.0.1")
    assert list((home / "rebracket" / "staging").iterdir()) == []


def test_a_version_is_saved_once(save: Save) -> None:
    save("1.0.0")
    with pytest.raises(StoreError, match="immutable"):
        save("1.0.0")


def test_of_many_who_save_a_version_at_once_one_does(home: Path) -> None:
    assert home

    def attempt(_: int) -> bool:
        try:
            save_model("1.0.0")
        except StoreError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, range(4))) == 1
    assert checksums.verify(resolve("1.0.0").path)


@pytest.mark.parametrize("version", ["1", "v1.0.0", "1.0.0+x", "production", "../1.0.0"])
def test_versions_are_semantic(home: Path, version: str) -> None:
    assert home
    with pytest.raises(StoreError, match="semantic version"):
        registry.create(EXPORTED, version, labels={}, metadata={}).__enter__()


@pytest.mark.parametrize("where", ["while files are written", "before the rename"])
def test_a_process_killed_while_it_saves_leaves_no_model(save: Save, where: str) -> None:
    save("1.0.0")
    dies(where, "save", "2.0.0")
    assert [str(model.tag) for model in registry.stored()] == [f"{EXPORTED}:1.0.0"]
    assert bentoml.models.get(f"{EXPORTED}:latest").tag.version == "1.0.0"
    save("2.0.0")
    assert resolve("latest").version == "2.0.0"


def test_what_a_killed_process_left_goes_after_a_day(
    save: Save, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dies("before the rename", "save", "2.0.0")
    staging = home / "rebracket" / "staging"
    assert len(list(staging.iterdir())) == 1
    save("3.0.0")
    assert len(list(staging.iterdir())) == 1
    monkeypatch.setattr(store, "ABANDONED_S", -1)
    save("4.0.0")
    assert list(staging.iterdir()) == []


def test_changed_files_are_found(save: Save) -> None:
    save("1.0.0")
    folder = resolve("1.0.0").path
    assert checksums.verify(folder)
    (folder / "card.md").write_text("# A better model\n")
    with pytest.raises(ModelCorrupt, match=r"card\.md"):
        checksums.verify(folder)


def test_the_sums_are_what_sha256sum_reads(save: Save) -> None:
    save("1.0.0")
    command = ["sha256sum", "--check", "--strict", "--quiet", checksums.SUMS]
    subprocess.run(command, cwd=resolve("1.0.0").path, check=True)
