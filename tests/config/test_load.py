"""Settings come from a file and the environment; the environment wins."""

import os
from pathlib import Path

import pytest

from rebracket.config import Settings, load_settings
from rebracket.errors import ConfigError


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


@pytest.mark.parametrize("order", [1, -1])
def test_a_variable_of_one_value_wins_over_one_of_a_section(
    monkeypatch: pytest.MonkeyPatch, order: int
) -> None:
    given = {"API": '{"port": 9000, "timeout_s": 5}', "API__PORT": "9001"}
    for name, text in list(given.items())[::order]:
        monkeypatch.setenv(f"REBRACKET_DEPLOYMENT__{name}", text)
    api = load_settings().deployment.api
    assert (api.port, api.timeout_s) == (9001, 5)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("deployment: {wrkers: 4}", "deployment.wrkers: no such setting; did you mean workers?"),
        ("deployment: {xyz: 4}", "deployment.xyz: no such setting"),
        ("deploy: {}", "deploy: no such setting; did you mean deployment?"),
        (
            "deployment: {ab: {variants: [{model: a, wait: 1}]}}",
            "deployment.ab.variants.0.wait: no such setting; did you mean weight?",
        ),
        ("deployment: {ab: {variants: [{}]}}", "deployment.ab.variants.0.model: Field required"),
        (
            "deployment: {workers: many}",
            "deployment.workers: Input should be a valid integer, unable to parse string as an integer",
        ),
        (
            "deployment: {workers: 0}",
            "deployment.workers: Input should be greater than or equal to 1",
        ),
        (
            "deployment: {api: {port: 70000}}",
            "deployment.api.port: Input should be less than or equal to 65535",
        ),
        (
            "deployment: {api: {host: localhost}}",
            "deployment.api.host: value is not a valid IPv4 or IPv6 address",
        ),
        (
            "deployment: {optimization: {quantization: int4}}",
            "deployment.optimization.quantization: Input should be 'int8' or 'none'",
        ),
        (
            "deployment: {optimization: {onnx: false}}",
            "deployment.optimization.onnx: Input should be True",
        ),
        (
            "deployment: {rate_limit: {default: lots}}",
            "deployment.rate_limit.default: expected a rate like 600/minute, 10/second or 100/5m",
        ),
        (
            "deployment: {rate_limit: {streams: 0}}",
            "deployment.rate_limit.streams: Input should be greater than or equal to 1",
        ),
        (
            "deployment: {rate_limit: {storage: memory}}",
            "deployment.rate_limit.storage: String should match pattern "
            "'^(sqlite:///|rediss?://|unix://)'",
        ),
        (
            "deployment: {auth: {refresh_s: 5}}",
            "deployment.auth.refresh_s: Input should be less than or equal to 2",
        ),
        (
            "deployment: {ab: {variants: [{model: a}, {model: a}]}}",
            "deployment.ab: variants need names that differ, from 'shadow' as well",
        ),
        (
            "deployment:",
            "deployment: Input should be a valid dictionary or instance of Deployment",
        ),
    ],
)
def test_a_wrong_key_or_value_is_a_line_that_names_it_and_the_file(
    config: Path, text: str, line: str
) -> None:
    config.write_text(text)
    assert problems() == [f"{line} ({config})"]


def test_each_wrong_key_or_value_has_its_line(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text("deployment: {wrkers: 4, api: {port: x}}")
    monkeypatch.setenv("REBRACKET_DEPLOYMENT__WORKERS", "0")
    monkeypatch.setenv("REBRACKET_DEPLOYMENT__API__PORTT", "1")
    places = [line.partition(":")[0] + line[line.rindex(" (") :] for line in problems()]
    assert places == [
        f"deployment.api.port ({config})",
        "deployment.api.portt (REBRACKET_DEPLOYMENT__API__PORTT)",
        "deployment.workers (REBRACKET_DEPLOYMENT__WORKERS)",
        f"deployment.wrkers ({config})",
    ]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (
            b"deployment: [",
            "line 1, column 14: expected the node content, but found '<stream end>'",
        ),
        (
            b"deployment:\n  workers: 2\n  api: port: 1\n",
            "line 3, column 12: mapping values are not allowed here",
        ),
        (b"- a", "expected a mapping of settings"),
        (b"a: \xff", "position 3: invalid start byte"),
    ],
)
def test_a_file_that_is_no_settings_is_one_line(config: Path, content: bytes, line: str) -> None:
    config.write_bytes(content)
    (found,) = problems()
    assert found == f"{config}: {line}"


def test_a_broken_file_is_not_quoted(config: Path) -> None:
    config.write_text('deployment: {auth: {store: "postgresql://me:hunter2@db/keys" ]}}')
    (found,) = problems()
    assert "line 1" in found
    assert "hunter2" not in found


def test_a_file_in_another_unicode_is_read(config: Path) -> None:
    config.write_text("deployment: {ab: {salt: Frühling}}", encoding="utf-16")
    assert load_settings().deployment.ab.salt == "Frühling"


def test_a_missing_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REBRACKET_CONFIG", "/nowhere/config.yaml")
    assert problems() == ["REBRACKET_CONFIG: no file at /nowhere/config.yaml"]
    monkeypatch.setenv("REBRACKET_CONFIG", str(tmp_path))
    assert problems() == [f"{tmp_path}: Is a directory"]


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        (
            "REBRACKET_DEPLOYMENT__API__CORS_ORIGINS",
            "https://a.example",
            "REBRACKET_DEPLOYMENT__API__CORS_ORIGINS: expected JSON",
        ),
        (
            "REBRACKET_DEPLOYMENT",
            "[]",
            "deployment: Input should be a valid dictionary or instance of Deployment"
            " (REBRACKET_DEPLOYMENT)",
        ),
        (
            "REBRACKET_DEPLOYMENT__API__PORTT",
            "1",
            "deployment.api.portt: no such setting; did you mean port?"
            " (REBRACKET_DEPLOYMENT__API__PORTT)",
        ),
        (
            "REBRACKET_DEPLOYMNT__API__PORT",
            "1",
            "REBRACKET_DEPLOYMNT__API__PORT: no such setting; they begin with"
            " REBRACKET_DEPLOYMENT__",
        ),
    ],
)
def test_a_wrong_variable_is_a_line_that_names_it(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, line: str
) -> None:
    monkeypatch.setenv(name, text)
    assert problems() == [line]


def test_variables_that_kubernetes_makes_of_a_service_are_nobodys_business(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REBRACKET_PORT", "tcp://10.0.0.1:8000")
    monkeypatch.setenv("REBRACKET_DEPLOYMENT_SERVICE_HOST", "10.0.0.1")
    assert load_settings() == Settings()


def problems() -> list[str]:
    """What is wrong with the settings."""
    with pytest.raises(ConfigError) as caught:
        load_settings()
    return list(caught.value.problems)
