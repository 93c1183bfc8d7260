"""`rebracket serve` hands over to BentoML, with a demo key if one is asked for."""

import os
import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rebracket.cli import main
from rebracket.cli.serve import local_url
from rebracket.config import Api
from rebracket.gateway import arbiter
from rebracket.gateway.key_records import now
from rebracket.gateway.key_store import KeyStore
from rebracket.gateway.keys import SCOPES, Key
from tests.redis_server import free_port
from tests.small_store import Save


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, save: Save) -> KeyStore:
    """The keys of a server that is not really started."""
    save("1.0.0")
    url = f"sqlite:///{tmp_path / 'keys.db'}"
    monkeypatch.setenv("REBRACKET_DEPLOYMENT__AUTH__STORE", url)
    limits = f"sqlite:///{tmp_path / 'limits.db'}"
    monkeypatch.setenv("REBRACKET_DEPLOYMENT__RATE_LIMIT__STORAGE", limits)
    monkeypatch.setenv("REBRACKET_DEPLOYMENT__API__PORT", str(free_port()))
    monkeypatch.setattr(arbiter, "serve", lambda *_: None)
    return KeyStore.open(url)


def demo_key() -> Key:
    shown = CliRunner().invoke(main, ["serve", "--demo-key"]).stderr
    found = re.search(r"export REBRACKET_API_KEY=(\S+)", shown)
    assert found
    key = Key.parse(found[1])
    assert key
    return key


def test_a_demo_key_takes_the_place_of_the_last_one(keys: KeyStore) -> None:
    first, second = demo_key(), demo_key()
    states = {record.id: record.state(now()) for record in keys.list()}
    assert states == {first.id: "revoked", second.id: "active"}
    keys.close()


def test_the_address_is_shown_beside_it(keys: KeyStore) -> None:
    shown = CliRunner().invoke(main, ["serve", "--demo-key"]).stderr
    port = os.environ["REBRACKET_DEPLOYMENT__API__PORT"]
    assert f"  export REBRACKET_URL=http://127.0.0.1:{port}\n" in shown
    keys.close()


def test_a_demo_key_opens_all_that_the_readme_shows_and_no_administration(keys: KeyStore) -> None:
    demo_key()
    (record,) = keys.list()
    assert {*record.scopes, "admin"} == set(SCOPES)
    assert "admin" not in record.scopes
    keys.close()


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("127.0.0.1", "127.0.0.1:8765"),
        ("0.0.0.0", "127.0.0.1:8765"),  # noqa: S104 - what is shown for it is this machine's own
        ("::", "[::1]:8765"),
        ("::1", "[::1]:8765"),
    ],
)
def test_callers_on_this_machine_are_told_the_address(host: str, shown: str) -> None:
    api = Api.model_validate({"host": host, "port": 8765})
    assert local_url(api) == f"http://{shown}"


def test_no_key_is_made_where_none_is_asked_for_or_needed(
    keys: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "rb_" not in CliRunner().invoke(main, ["serve"]).output
    monkeypatch.setenv("REBRACKET_DEPLOYMENT__AUTH__ENABLED", "false")
    assert "rb_" not in CliRunner().invoke(main, ["serve", "--demo-key"]).output
    assert keys.list() == []
    keys.close()


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("AUTH__STORE", "nodb://keys", "deployment.auth.store: not a usable URL"),
        (
            "RATE_LIMIT__STORAGE",
            "sqlite:////proc/no/limits.db",
            "/proc/no/limits.db can't be written",
        ),
        ("AUTH__STORE", "postgres://db.internal/keys", "pip install 'rebracket[postgres]'"),
        ("RATE_LIMIT__STORAGE", "redis://a/0?socket_timeout=soon", "rate_limit.storage"),
    ],
)
def test_stores_that_cannot_be_opened_stop_the_start_in_one_line(
    keys: KeyStore, monkeypatch: pytest.MonkeyPatch, setting: str, value: str, message: str
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.setenv(f"REBRACKET_DEPLOYMENT__{setting}", value)
    result = CliRunner().invoke(main, ["serve"])
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert message in result.stderr
    keys.close()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no server claims its port's name")
def test_a_second_server_that_starts_on_the_port_of_one_that_is_not_ready_is_refused(
    keys: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[Result] = []

    def start_another(*_: object) -> None:
        monkeypatch.setattr(arbiter, "serve", lambda *_: pytest.fail("it started"))
        found.append(CliRunner().invoke(main, ["serve"]))

    monkeypatch.setattr(arbiter, "serve", start_another)
    assert CliRunner().invoke(main, ["serve"]).exit_code == 0
    port = os.environ["REBRACKET_DEPLOYMENT__API__PORT"]
    (second,) = found
    assert second.exit_code == 2
    line = f"rebracket: deployment.api.port: {port} is in use on 127.0.0.1"
    assert second.stderr == f"{line}\n"
    keys.close()
