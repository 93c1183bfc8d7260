"""The store: found by tag or path, immutable, nothing half-saved."""

import shutil
from pathlib import Path

import pytest

from rebracket import registry
from rebracket.errors import ModelIncompatible, ModelNotFound, StoreError
from rebracket.registry import EXPORTED, ExportedModel, resolve


@pytest.mark.parametrize("version", ["latest", "exact"])
def test_a_model_is_found_by_tag(exported: ExportedModel, version: str) -> None:
    wanted = exported.version if version == "exact" else version
    assert resolve(f"{EXPORTED}:{wanted}") == exported


def test_a_model_is_found_by_path(exported: ExportedModel, tmp_path: Path) -> None:
    copy = tmp_path / "model"
    shutil.copytree(exported.path, copy)
    found = resolve(str(copy))
    assert (found.path, found.manifest) == (copy, exported.manifest)


@pytest.mark.parametrize(
    "tag", ["rebracket-segment:9.9.9", "nothing:latest", "/no/such/folder", "::"]
)
def test_a_missing_model_says_what_is_there(exported: ExportedModel, tag: str) -> None:
    with pytest.raises(ModelNotFound, match=f"{EXPORTED}:{exported.version}"):
        resolve(tag)


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelIncompatible, match=r"no manifest\.json"):
        resolve(str(tmp_path))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"format": 1', '"format": 2', "format: Input should be 1"),
        ('"spatial"', '"narrative"', "labels differ"),
        ("{", "", "Invalid JSON"),
    ],
)
def test_a_manifest_of_another_format_is_refused(
    exported: ExportedModel, tmp_path: Path, old: str, new: str, message: str
) -> None:
    text = exported.file(registry.MANIFEST).read_text()
    (tmp_path / registry.MANIFEST).write_text(text.replace(old, new, 1))
    with pytest.raises(ModelIncompatible, match=message):
        resolve(str(tmp_path))


def test_a_lost_file_is_named(exported: ExportedModel) -> None:
    with pytest.raises(ModelIncompatible, match=r"lacks model\.int4\.onnx"):
        exported.file("model.int4.onnx")


def test_a_save_that_fails_leaves_nothing() -> None:
    def save() -> None:
        with registry.create(EXPORTED, "0.0.1", labels={}, metadata={}) as folder:
            (folder / "half").touch()
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        save()
    assert not registry.exists(EXPORTED, "0.0.1")


def test_a_version_is_saved_once(exported: ExportedModel) -> None:
    with pytest.raises(StoreError, match="immutable"):
        registry.create(EXPORTED, exported.version, labels={}, metadata={}).__enter__()
