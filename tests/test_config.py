"""Settings come from a file and the environment; the environment wins."""

import os
from pathlib import Path

import pytest

from rebracket.config import load_settings
from rebracket.errors import ConfigError


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "config.yaml"
    monkeypatch.setenv("REBRACKET_CONFIG", str(path))
    return path


def test_defaults_serve_one_worker_on_this_machine_only() -> None:
    deployment = load_settings().deployment
    assert (str(deployment.api.host), deployment.api.port) == ("127.0.0.1", 8000)
    assert deployment.workers == 1
    assert deployment.model_path == "rebracket-segment:latest"
    assert deployment.optimization.quantization == "int8"
    assert deployment.api.max_json_bytes == 8 * 2**20
    assert deployment.api.max_multipart_bytes == 128 * 2**20


def test_the_file_is_read(config: Path) -> None:
    config.write_text("deployment: {workers: 4, api: {port: 9000}}")
    deployment = load_settings().deployment
    assert (deployment.workers, deployment.api.port) == (4, 9000)


def test_the_environment_wins_over_the_file(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text("deployment: {workers: 4, api: {host: 0.0.0.0, port: 9000}}")
    monkeypatch.setenv("REBRACKET_DEPLOYMENT__API__PORT", "9001")
    deployment = load_settings().deployment
    assert (deployment.workers, str(deployment.api.host), deployment.api.port) == (
        4,
        "0.0.0.0",  # noqa: S104
        9001,
    )


def test_keys_and_shares_are_on_by_default_and_kept_beside_the_model_store() -> None:
    deployment = load_settings().deployment
    folder = Path(os.environ["BENTOML_HOME"]) / "rebracket"
    assert deployment.auth.enabled
    assert deployment.auth.store == f"sqlite:///{folder / 'keys.db'}"
    assert deployment.rate_limit.enabled
    assert deployment.rate_limit.storage == f"sqlite:///{folder / 'limits.db'}"
    assert deployment.api.cors_origins == ()


def test_rates_are_read_from_both(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text("deployment: {rate_limit: {default: 5/second, work: null}}")
    monkeypatch.setenv("REBRACKET_DEPLOYMENT__AUTH__FAILURES", "null")
    monkeypatch.setenv("REBRACKET_DEPLOYMENT__RATE_LIMIT__DEFAULT", "7/5m")
    deployment = load_settings().deployment
    assert (deployment.rate_limit.default.amount, deployment.rate_limit.default.period_s) == (
        7,
        300,
    )
    assert deployment.rate_limit.work is None
    assert deployment.auth.failures is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("deployment: {wrkers: 4}", "deployment.wrkers: Extra inputs are not permitted"),
        ("deployment: {workers: many}", "deployment.workers: Input should be a valid integer"),
        ("deployment: {workers: 0}", "deployment.workers: Input should be greater than or equal"),
        ("deployment: {api: {port: 70000}}", "deployment.api.port: Input should be less than"),
        ("deployment: {optimization: {quantization: int4}}", "Input should be 'int8' or 'none'"),
        ("deployment: {optimization: {onnx: false}}", "deployment.optimization.onnx: Input should"),
        ("deployment: {rate_limit: {default: lots}}", "rate_limit.default: .* like 600/minute"),
        (
            "deployment: {rate_limit: {streams: 0}}",
            "rate_limit.streams: .* greater than or equal to 1",
        ),
        ("deployment: {rate_limit: {storage: memory}}", "rate_limit.storage: String should match"),
        (
            "deployment: {auth: {refresh_s: 5}}",
            "auth.refresh_s: Input should be less than or equal",
        ),
        ("deploy: {}", "deploy: Extra inputs are not permitted"),
        ("deployment: [", "while parsing"),
        ("- a", "expected a mapping of settings"),
    ],
)
def test_a_wrong_key_or_type_is_named(config: Path, text: str, message: str) -> None:
    config.write_text(text)
    with pytest.raises(ConfigError, match=message.replace("[", r"\[")):
        load_settings()


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REBRACKET_DEPLOYMENT__API__PORTT", "1")
    with pytest.raises(ConfigError, match=r"deployment.api.portt"):
        load_settings()


def test_a_missing_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REBRACKET_CONFIG", "/nowhere/config.yaml")
    with pytest.raises(ConfigError, match=r"/nowhere/config\.yaml"):
        load_settings()
