"""References: aliases, tags, versions, paths; and what is there instead of what is not."""

import shutil
from pathlib import Path

import pytest

from rebracket import registry
from rebracket.errors import ModelIncompatible, ModelNotFound
from rebracket.registry import EXPORTED, TRAINED, ExportedModel, resolve
from rebracket.registry.lifecycle import promote
from tests.small_store import Save


@pytest.mark.parametrize("reference", ["rebracket-segment:{}", "{}", "rebracket-segment:latest"])
def test_a_model_is_found_by_tag_or_version(exported: ExportedModel, reference: str) -> None:
    assert resolve(reference.format(exported.version)) == exported


def test_a_model_is_found_by_path(exported: ExportedModel, tmp_path: Path) -> None:
    copy = tmp_path / "model"
    shutil.copytree(exported.path, copy)
    found = resolve(str(copy))
    assert (found.path, found.manifest) == (copy, exported.manifest)


def test_a_model_is_found_by_alias(
    save: Save, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save("1.0.0")
    save("2.0.0")
    promote("1.0.0", "production")
    (tmp_path / "production").mkdir()  # a folder of that name is not what is meant
    monkeypatch.chdir(tmp_path)
    assert resolve("production") == resolve(f"{EXPORTED}:production") == resolve("1.0.0")
    assert resolve("latest").version == "2.0.0"


@pytest.mark.parametrize(
    "reference",
    ["rebracket-segment:9.9.9", "rebracket-segment:1.0", "nothing:latest", "/no/such/folder", "::"],
)
def test_a_missing_model_says_what_is_there(save: Save, reference: str) -> None:
    save("1.0.0")
    promote("1.0.0", "candidate")
    with pytest.raises(ModelNotFound) as caught:
        resolve(reference)
    assert str(caught.value).endswith(
        f"there: {EXPORTED}:1.0.0; aliases: candidate = {EXPORTED}:1.0.0"
    )


def test_an_alias_that_names_nothing_says_so(save: Save) -> None:
    save("1.0.0")
    with pytest.raises(ModelNotFound, match=f"'production' names no model yet; there: {EXPORTED}"):
        resolve("production")


def test_a_model_that_is_not_exported_is_refused(exported: ExportedModel) -> None:
    with pytest.raises(ModelIncompatible, match="is not an exported model"):
        resolve(f"{TRAINED}:{exported.version}")


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
