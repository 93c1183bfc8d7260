"""A Bento serves the model that it packs, and a checkout the newest."""

from pathlib import Path

import pytest

from rebracket.config import load_settings, packed, tree

TAG = "rebracket-segment:1.3.0"


@pytest.fixture
def bento(tmp_path: Path) -> Path:
    (tmp_path / "bento.yaml").write_text(
        f"models: [{{tag: '{TAG}', module: ''}}]", encoding="utf-8"
    )
    return tmp_path


def test_a_bento_that_holds_its_model_serves_that_folder(bento: Path) -> None:
    folder = bento / "models" / "rebracket-segment" / "1.3.0"
    folder.mkdir(parents=True)
    assert packed.packed_model(bento) == str(folder)


def test_a_bento_that_only_names_its_model_serves_that_version(bento: Path) -> None:
    assert packed.packed_model(bento) == TAG


def test_a_checkout_packs_nothing(tmp_path: Path) -> None:
    assert packed.packed_model(tmp_path) is None
    assert load_settings().deployment.model_path == "rebracket-segment:latest"


def test_settings_win_over_what_is_packed(bento: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "packed_model", lambda: packed.packed_model(bento))
    assert load_settings().deployment.model_path == TAG
    monkeypatch.setenv("REBRACKET_DEPLOYMENT__MODEL_PATH", "production")
    assert load_settings().deployment.model_path == "production"
