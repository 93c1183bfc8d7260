"""Commands: results, and one line with exit code 2 on bad input."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rebracket.cli import main
from rebracket.inference.predictor import Predictor
from rebracket.registry import EXPORTED, TRAINED, ExportedModel
from rebracket.schemas import Prediction, Segment
from rebracket.training.bundle import Bundle, committed_path
from rebracket.training.corpus import load_part
from tests.scripted_server import PREDICTION


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """Two dozen held-out texts as an evaluation file."""
    path = tmp_path / "labelled.jsonl"
    lines = [
        {
            "id": str(index),
            "register": text.register_,
            "text": text.text,
            "type": text.type,
            "acceptable": text.acceptable,
            "intensity": text.mean_intensity,
            "unanimous": True,
        }
        for index, text in enumerate(load_part("part6")[::17])
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def test_predict_reads_one_segment(exported: ExportedModel) -> None:
    result = run("predict", "--text", "a pantry with a street in it", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["model"]["version"] == exported.version
    assert "intensity" in run("predict", "--lyrics", "knock at your own back door").stdout


def test_predict_hands_over_what_files_hold(
    exported: ExportedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Segment] = []

    def note(_: Predictor, segment: Segment) -> Prediction:
        read.append(segment)
        return Prediction.model_validate(PREDICTION)

    assert exported.version
    monkeypatch.setattr(Predictor, "predict", note)
    tune, take = tmp_path / "tune.mid", tmp_path / "take.flac"
    tune.write_bytes(b"MThd\xff")
    take.write_bytes(b"fLaC\x00")
    result = run("predict", "--text", "a", "--midi", str(tune), "--audio", str(take))
    assert result.exit_code == 0, result.output
    run("predict", "--midi", str(tune))
    first, second = read
    assert first == Segment(text="a", midi=b"MThd\xff", audio=b"fLaC\x00")
    assert second == Segment(midi=b"MThd\xff")


@pytest.mark.parametrize(
    ("option", "file", "message"),
    [
        ("--midi", "nowhere.mid", "--midi: nowhere.mid: No such file or directory"),
        ("--audio", "/", "--audio: /: Is a directory"),
        ("--audio", os.devnull, "audio: There is nothing in it"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line_and_exit_code_2(
    option: str, file: str, message: str
) -> None:
    result = run("predict", "--text", "a", option, file)
    assert (result.exit_code, result.stderr) == (2, f"rebracket: {message}\n")


def test_evaluate_prints_the_agreed_fields(exported: ExportedModel, labelled: Path) -> None:
    model = f"{EXPORTED}:{exported.version}"
    result = run("evaluate", "--data", str(labelled), "--model", model, "--json")
    assert result.exit_code == 0, result.output
    values = json.loads(result.stdout)
    assert values.keys() == {
        "n",
        "accuracy",
        "macro_f1",
        "f1",
        "acceptable_rate",
        "intensity_r",
        "intensity_mae",
        "ece",
    }
    assert values["n"] == len(labelled.read_text().splitlines())
    assert values["accuracy"] > 0.5


def test_evaluate_prints_for_people_too(exported: ExportedModel, labelled: Path) -> None:
    assert exported.version
    result = run("evaluate", "--data", str(labelled))
    assert "macro_f1" in result.stdout
    assert "spatial" in result.stdout


def test_models_list_names_both_stages(exported: ExportedModel) -> None:
    tags = {row["tag"] for row in json.loads(run("models", "list", "--json").stdout)}
    assert tags >= {f"{TRAINED}:{exported.version}", f"{EXPORTED}:{exported.version}"}
    assert exported.version in run("models", "list").stdout


def test_install_does_nothing_twice(exported: ExportedModel) -> None:
    result = run("models", "install")
    assert result.output.strip() == f"{EXPORTED}:{exported.version} is in the store"


def test_train_refuses_a_version_that_is_stored(exported: ExportedModel) -> None:
    result = run("train", "--version", exported.version)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "immutable" in result.stderr


def test_train_stores_a_measured_model(tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run(
        *("train", "--version", "0.0.2-trial", "--epochs", "1", "--limit", "64"),
        *("--out", str(out), "--json"),
    )
    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)
    assert facts["texts"]["train"] == 64
    assert {path.name for path in out.iterdir()} == set(Bundle.read(committed_path()).files())
    assert f"{TRAINED}:0.0.2-trial" in run("models", "list").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("predict",), "Segment needs content"),
        (("predict", "--text", "\u200b"), "No readable words"),
        (("predict", "--text", "a", "--model", "nothing:1.0.0"), "no model 'nothing:1.0.0'"),
        (("evaluate", "--data", __file__), "test_cli.py:1: line: Invalid JSON"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    exported: ExportedModel, arguments: tuple[str, ...], message: str
) -> None:
    assert exported.version
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "command", ["serve", "train", "evaluate", "predict", "stream", "gallery", "rebracket"]
)
def test_help_shows_an_example(command: str) -> None:
    assert "Example: rebracket" in run(command, "--help").output


def test_serve_refuses_wrong_settings_before_anything_starts() -> None:
    environment = {**os.environ, "REBRACKET_DEPLOYMENT__WORKERS": "many"}
    command = [sys.executable, "-m", "rebracket.cli", "serve"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert result.returncode == 2
    assert "deployment.workers" in result.stderr
    assert result.stderr.count("\n") == 1


def test_sigterm_is_heard_before_any_command_is_loaded() -> None:
    code = """
import os, runpy, signal, sys, types
commands = types.ModuleType("rebracket.cli")
commands.main = lambda: os.kill(os.getpid(), signal.SIGTERM)
sys.modules["rebracket.cli"] = commands
runpy.run_module("rebracket", run_name="__main__")
"""
    result = subprocess.run([sys.executable, "-c", code], check=False)
    assert result.returncode == 128 + signal.SIGTERM


@pytest.mark.parametrize("arguments", [(), ("--data", __file__, "--modality", "midi")])
def test_evaluate_takes_words_or_music(arguments: tuple[str, ...]) -> None:
    result = run("evaluate", *arguments)
    assert result.exit_code == 2
    assert "give either --data or --modality" in result.stderr
