"""`rebracket keys`: a key is printed once, and everything but its secret for ever after."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from rebracket.cli import main
from rebracket.gateway.keys import Key


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'keys.db'}"
    monkeypatch.setenv("REBRACKET_DEPLOYMENT__AUTH__STORE", url)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["keys", *arguments])


def data(*arguments: str) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_create_prints_the_key_and_nothing_else_to_read_from() -> None:
    result = run("create", "--name", "studio")
    assert Key.parse(result.stdout.strip()) is not None
    assert "once" in result.stderr


def test_create_takes_scopes_lifetime_and_shares() -> None:
    made = data(
        *("create", "--name", "studio", "--scopes", "stream, predict"),
        *("--expires", "90d", "--rate", "600/minute", "--work", "5000/h", "--streams", "8"),
    )
    assert made["scopes"] == ["predict", "stream"]
    assert (made["rate"], made["work"], made["streams"]) == ("600/minute", "5000/h", 8)
    assert data("list")[0]["streams"] == 8
    assert made["created"] < made["expires"]
    assert Key.parse(made["key"]) is not None


def test_list_shows_states_and_no_secret() -> None:
    keys = [data("create", "--name", name)["key"] for name in ("a", "b")]
    ids = [key.split("_")[1] for key in keys]
    run("revoke", ids[0])
    assert [(row["id"], row["state"]) for row in data("list")] == sorted(
        [(ids[0], "revoked"), (ids[1], "active")]
    )
    for shown in (run("list").stdout, run("list", "--json").stdout):
        for key in keys:
            assert Key.parse(key).secret not in shown  # type: ignore[union-attr]


def test_rotate_prints_a_new_key_and_ends_the_old_one() -> None:
    old = data("create", "--name", "a")
    new = data("rotate", old["id"], "--overlap", "30m")
    assert new["rotated_from"] == old["id"]
    kept = next(row for row in data("list") if row["id"] == old["id"])
    assert kept["expires"] is not None
    assert kept["state"] == "active"


def test_generate_stores_nothing() -> None:
    assert Key.parse(run("generate").stdout.strip()) is not None
    assert data("list") == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("create", "--name", ""), "--name: expected 1 to 64 printable characters"),
        (("create", "--name", "a\nb"), "--name: expected 1 to 64 printable characters"),
        (("create", "--name", "a", "--scopes", "predict,fly"), "no scope 'fly'"),
        (("create", "--name", "a", "--expires", "soon"), "--expires: expected a duration"),
        (("create", "--name", "a", "--rate", "many"), "--rate: expected a rate like 600/minute"),
        (("revoke", "nothing"), "no key with the id 'nothing'"),
        (("rotate", "nothing"), "no key with the id 'nothing'"),
        (("rotate", "nothing", "--overlap", "-1d"), "--overlap: expected a duration"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(arguments: tuple[str, ...], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["create", "list", "revoke", "rotate", "generate"])
def test_help_shows_an_example(command: str) -> None:
    assert "Example:" in run(command, "--help").output


@pytest.mark.parametrize("streams", ["0", "-1", "many", "99999999999999999999"])
def test_a_number_of_streams_that_no_store_could_hold_is_bad_input(streams: str) -> None:
    result = run("create", "--name", "a", "--streams", streams)
    assert result.exit_code == 2
    assert "--streams" in result.stderr
    assert data("list") == []


def test_postgres_without_its_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REBRACKET_DEPLOYMENT__AUTH__STORE", "postgresql://me@db.internal/keys")
    monkeypatch.setitem(sys.modules, "psycopg", None)
    result = run("create", "--name", "studio")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert "pip install 'rebracket[postgres]'" in result.stderr
