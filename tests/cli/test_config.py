"""`rebracket config`: what holds and why, what is wrong, without passwords."""

import json
import socket
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rebracket.cli import main
from rebracket.config.documents import schema
from rebracket.config.listing import every_setting
from rebracket.gateway import arbiter
from tests.redis_server import free_port
from tests.small_store import Save


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REBRACKET_CONFIG", "")  # restored, whatever --config leaves
    return tmp_path / "config.yaml"


def test_every_setting_is_shown_and_only_what_is_no_default_is_marked(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text("deployment: {workers: 4, api: {port: 8000}}")
    monkeypatch.setenv("REBRACKET_DEPLOYMENT__AUTH__FAILURES", "null")
    result = run("--config", str(config), "config", "show")
    lines = result.stdout.splitlines()
    assert [line[2:].split()[0] for line in lines] == [
        f"deployment.{setting.dotted}" for setting in every_setting()
    ]
    marked = [line.split() for line in lines if line.startswith("*")]
    assert marked == [
        ["*", "deployment.workers", "4", "file", str(config)],
        [
            *("*", "deployment.auth.failures", "null"),
            *("environment", "REBRACKET_DEPLOYMENT__AUTH__FAILURES"),
        ],
    ]
    (port,) = (line.split() for line in lines if "api.port" in line)
    assert port == ["deployment.api.port", "8000", "file", str(config)]


def test_columns_are_aligned(config: Path) -> None:
    config.write_text("deployment: {model_path: a-model-with-quite-a-long-name}")
    lines = run("--config", str(config), "config", "show").stdout.splitlines()
    (column,) = {line.rindex("  ") + 2 for line in lines if line.endswith(("default", str(config)))}
    assert lines[0][column:] == "default"


def test_settings_are_shown_as_json(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text("deployment: {ab: {variants: [{model: production}]}}")
    monkeypatch.setenv("REBRACKET_BOOTSTRAP_KEY", "rb_hunter2")
    result = run("--config", str(config), "config", "show", "--json")
    rows = {row["setting"]: row for row in json.loads(result.stdout)}
    assert rows["deployment.ab.variants"] == {
        "setting": "deployment.ab.variants",
        "value": [{"model": "production", "weight": 1.0, "name": None}],
        "is_default": False,
        "origin": "file",
        "name": str(config),
    }
    assert rows["deployment.workers"] == {
        "setting": "deployment.workers",
        "value": 1,
        "is_default": True,
        "origin": "default",
        "name": None,
    }
    assert rows["REBRACKET_BOOTSTRAP_KEY"]["value"] == "***"


@pytest.mark.parametrize("command", ["show", "check"])
def test_wrong_settings_are_a_line_each_and_exit_code_2(config: Path, command: str) -> None:
    config.write_text("deployment: {wrkers: 4, api: {port: x}}")
    result = run("--config", str(config), "config", command)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines() == [
        "rebracket: deployment.api.port: Input should be a valid integer, unable to parse string"
        f" as an integer ({config})",
        f"rebracket: deployment.wrkers: no such setting; did you mean workers? ({config})",
    ]


def test_a_file_that_is_not_there_is_one_line_and_exit_code_2(config: Path) -> None:
    for command in (("config", "check"), ("keys", "list")):
        result = run("--config", str(config), *command)
        assert (result.exit_code, result.stderr) == (
            2,
            f"rebracket: --config: no file at {config}\n",
        )


def test_nothing_that_stops_a_start_is_said_so(save: Save, config: Path) -> None:
    save("1.0.0")
    config.write_text(f"deployment: {{workers: 256, api: {{port: {free_port()}}}}}")
    result = run("--config", str(config), "config", "check")
    assert (result.exit_code, result.stdout) == (0, "Nothing stops a start.\n")
    assert result.stderr.startswith("rebracket: warning: deployment.workers: 256 are more")
    as_json = json.loads(run("--config", str(config), "config", "check", "--json").stdout)
    assert as_json["problems"] == []
    assert len(as_json["warnings"]) == 1


@pytest.mark.parametrize("command", [("config", "check"), ("serve",)])
def test_a_port_in_use_and_an_unwritable_folder_stop_the_start(
    save: Save,
    config: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
) -> None:
    save("1.0.0")
    monkeypatch.setattr(arbiter, "serve", lambda *_: pytest.fail("it was started"))
    blocked = config.with_name("file")
    blocked.touch()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        tree = {"api": {"port": port}, "monitoring": {"store": f"{blocked}/predictions.db"}}
        config.write_text(yaml.safe_dump({"deployment": tree}))
        result = run("--config", str(config), *command)
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        f"rebracket: deployment.api.port: {port} is in use on 127.0.0.1",
        f"rebracket: deployment.monitoring.store: {blocked}/predictions.db can't be written:"
        " Not a directory",
    ]


def test_problems_are_printed_as_json(config: Path) -> None:
    config.write_text("deployment: {wrkers: 4}")
    result = run("--config", str(config), "config", "check", "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout) == {
        "problems": [f"deployment.wrkers: no such setting; did you mean workers? ({config})"],
        "warnings": [],
    }


def test_the_schema_is_printed() -> None:
    assert run("config", "schema").stdout == schema()


@pytest.mark.parametrize("command", ["show", "check", "schema"])
def test_help_shows_an_example(command: str) -> None:
    assert "Example: rebracket" in run("config", command, "--help").output


AROUND = st.text("aZ9@:/?#&=;% '\"{}[]\\", max_size=6)
TEMPLATES = st.sampled_from(
    [
        "postgresql://me:{}@127.0.0.1:1/keys",
        "nodb://me:{}@host/keys",
        "redis://:{}@127.0.0.1:1/0",
        "rediss://me:{}@[::1/0",
    ]
)


@pytest.mark.parametrize("url", ["postgresql://me:hunter2", "redis://:hunter2"])
def test_a_secret_whose_host_was_forgotten_is_not_printed(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    setting = "RATE_LIMIT__STORAGE" if url.startswith("redis") else "AUTH__STORE"
    monkeypatch.setenv(f"REBRACKET_DEPLOYMENT__{setting}", url)
    for command in ("config show", "config check", "serve"):
        result = run(*command.split())
        assert "hunter2" not in result.output, command
        assert result.exit_code == (0 if "show" in command else 2)


@example(
    store="postgresql://me:{}@127.0.0.1:1/keys",
    storage="redis://:{}@127.0.0.1:1/0",
    before="@",
    after="",
    in_file=False,
)
@hypothesis_settings(max_examples=40)
@given(store=TEMPLATES, storage=TEMPLATES, before=AROUND, after=AROUND, in_file=st.booleans())
def test_secrets_are_never_printed(
    store: str, storage: str, before: str, after: str, in_file: bool
) -> None:
    secret = f"{before}hunter2{after}"
    tree = {
        "auth": {"store": store.format(secret)},
        "rate_limit": {"storage": storage.format(secret)},
        "model_path": "9.9.9",
    }
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        patch.setattr(arbiter, "serve", lambda *_: pytest.fail("it was started"))
        patch.setenv("REBRACKET_BOOTSTRAP_KEY", secret)
        if in_file:
            path = Path(folder) / "config.yaml"
            path.write_text(yaml.safe_dump({"deployment": tree}))
            patch.setenv("REBRACKET_CONFIG", str(path))
        else:
            patch.setenv("REBRACKET_DEPLOYMENT", json.dumps(tree))
        for command in ("config show", "config show --json", "config check", "serve"):
            result = run(*command.split())
            assert "hunter2" not in result.output, command
            assert result.exit_code in {0, 2}, command
