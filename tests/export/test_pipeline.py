"""An export reaches the store verified and whole, or not at all."""

import subprocess
import sys
from pathlib import Path

import bentoml
import onnx
import pytest

from export import pipeline, verify
from export.pipeline import export
from export.report import Report
from rebracket import registry
from rebracket.errors import ExportError, ModelIncompatible, ModelNotFound, StoreError
from rebracket.registry import EXPORTED, TRAINED, ExportedModel
from rebracket.registry.checksums import SUMS
from rebracket.training.bundle import Bundle, committed_path


@pytest.fixture(scope="module")
def report(exported: ExportedModel) -> Report:
    return Report.model_validate_json(exported.file(pipeline.REPORT).read_bytes())


def test_fp32_is_within_tolerance_over_the_whole_grid(report: Report) -> None:
    assert report.verification.cases == len(verify.SEGMENTS) * len(verify.LENGTHS)
    assert report.verification.probabilities <= 1e-4
    assert report.verification.intensity <= 1e-4


def test_int8_keeps_labels_and_macro_f1(report: Report) -> None:
    assert report.int8.label_agreement >= 0.97
    assert report.int8.macro_f1_loss <= 0.01
    assert 0 < report.int8.probabilities < 1


@pytest.mark.parametrize(
    ("file", "layers"),
    [("model.onnx", 6), ("model.int8.onnx", 6), ("notes.onnx", 3), ("sound.onnx", 2)],
)
def test_attention_is_one_operator_in_every_layer(
    exported: ExportedModel, file: str, layers: int
) -> None:
    kinds = [node.op_type for node in onnx.load(exported.file(file)).graph.node]
    assert kinds.count("Attention") == layers


def test_the_int8_graph_that_is_kept_measured_faster_than_fp32(report: Report) -> None:
    (kept,) = (item for item in report.passes if item.name.startswith("int8_") and item.kept)
    assert kept.after_ms < kept.before_ms


def test_metadata_holds_the_report_and_the_source(exported: ExportedModel, report: Report) -> None:
    info = bentoml.models.get(f"{EXPORTED}:{exported.version}").info
    assert info.metadata["export"] == report.model_dump(mode="json")
    assert info.metadata["torch_model"] == f"{TRAINED}:{exported.version}"


def test_the_torch_model_is_stored_with_its_metadata(exported: ExportedModel) -> None:
    metadata = bentoml.models.get(f"{TRAINED}:{exported.version}").info.metadata
    keys = {"metrics", "data_hash", "code_version", "calibration", "labels"}
    assert keys <= metadata.keys()


def test_serving_needs_only_what_is_stored(exported: ExportedModel) -> None:
    files = {path.name for path in exported.path.iterdir()}
    described = {"manifest.json", "tokenizer.json", "card.md", "report.json", "model.yaml", SUMS}
    pictures = {"notes.svg", "sound.svg"}
    graphs = {"model.onnx", "model.int8.onnx", "notes.onnx", "sound.onnx", "generator.onnx"}
    assert files == described | pictures | graphs


def test_an_exported_version_is_immutable(exported: ExportedModel) -> None:
    with pytest.raises(StoreError, match="immutable"):
        export(f"{TRAINED}:{exported.version}", step=lambda _: None)


def test_an_unknown_model_is_named_with_what_is_there(exported: ExportedModel) -> None:
    with pytest.raises(ModelNotFound, match=f"{TRAINED}:{exported.version}"):
        export(f"{TRAINED}:9.9.9", step=lambda _: None)


def test_only_torch_models_are_exported(exported: ExportedModel) -> None:
    with pytest.raises(ModelIncompatible, match="is not a"):
        export(f"{EXPORTED}:{exported.version}", step=lambda _: None)


@pytest.fixture
def second_version(exported: ExportedModel, tmp_path: Path) -> str:
    """The committed model under another version, not exported yet."""
    del exported
    bundle = Bundle.read(committed_path())
    facts = bundle.facts.model_copy(update={"version": "0.0.9-trial"})
    if not registry.exists(TRAINED, facts.version):
        bundle.copied(tmp_path).with_words(bundle.model(), facts).store()
    return facts.version


def test_an_export_that_differs_is_refused_and_leaves_nothing(
    second_version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "TOLERANCE", 0.0)
    with pytest.raises(ExportError, match="outputs differ from PyTorch's"):
        export(f"{TRAINED}:{second_version}", step=lambda _: None)
    assert not registry.exists(EXPORTED, second_version)


def test_a_refused_export_exits_with_1(second_version: str) -> None:
    refuse = (
        "import export.verify as v; v.TOLERANCE = 0.0; from export.__main__ import main; main()"
    )
    command = [sys.executable, "-c", refuse, f"{TRAINED}:{second_version}"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1, result.stderr
    assert "export refused: outputs differ" in result.stderr
    assert not registry.exists(EXPORTED, second_version)
