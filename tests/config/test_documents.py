"""What is generated of the settings is up to date, and says what the settings do."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from rebracket.config import load_settings
from rebracket.config.documents import schema, table, with_table
from rebracket.config.listing import every_setting, names_at
from rebracket.errors import ConfigError

ROOT = Path(__file__).parents[2]
ANEW = "write it anew: make settings"


def test_the_schema_in_deploy_is_up_to_date() -> None:
    assert (ROOT / "deploy" / "config.schema.json").read_text("utf-8") == schema(), ANEW


def test_the_table_in_the_readme_is_up_to_date() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert table() in readme, ANEW
    assert with_table(readme) == readme


def test_an_old_table_gives_way_and_nothing_else_does() -> None:
    new = f"before\n\n{table()}\nafter\n\n| another | table |\n"
    old = new.replace("8000 | ", "8001 | ").replace("| `workers`", "| `wrkers`")
    assert old != new
    assert with_table(old) == new


def test_every_setting_has_a_meaning() -> None:
    assert [
        setting.dotted for setting in every_setting() if not setting.meaning.endswith(".")
    ] == []


def test_defaults_in_the_table_are_no_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    here = table(), schema()
    monkeypatch.setenv("BENTOML_HOME", "/somewhere/else")
    assert (table(), schema()) == here
    assert "| `auth.store` | sqlite:///$BENTOML_HOME/rebracket/keys.db |" in here[0]


def test_the_readmes_example_is_valid(config: Path) -> None:
    section = (ROOT / "README.md").read_text("utf-8").partition("\n## Settings\n")[2]
    example = section.partition("```yaml\n")[2].partition("```")[0]
    config.write_text(example)
    assert load_settings().deployment.workers == 4
    assert validates(yaml.safe_load(example))
    path = example.splitlines()[0].partition("$schema=")[2]
    assert json.loads((ROOT / path).read_bytes())["$schema"]


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("{}", True),
        ("deployment: {workers: 4, api: {port: 9000, cors_origins: ['*']}}", True),
        ("deployment: {auth: {failures: null}, rate_limit: {default: 100/5m}}", True),
        ("deployment: {ab: {variants: [{model: production, weight: 0.5}]}}", True),
        ("deployment: {wrkers: 4}", False),
        ("deployment: {workers: many}", False),
        ("deployment: {api: {port: 0}}", False),
        ("deployment: {rate_limit: {default: lots}}", False),
        ("deployment: {ab: {variants: [{weight: 0.5}]}}", False),
        ("deployment: {logs: {format: xml}}", False),
        ("deploy: {}", False),
    ],
)
def test_the_schema_takes_what_the_service_takes(config: Path, text: str, valid: bool) -> None:
    config.write_text(text)
    assert validates(yaml.safe_load(text)) == valid
    try:
        load_settings()
        loads = True
    except ConfigError:
        loads = False
    assert loads == valid


def validates(document: Any) -> bool:
    return jsonschema_rs.validator_for(json.loads(schema())).is_valid(document)


def test_names_are_known_in_sections_and_in_lists_of_them() -> None:
    assert names_at(()) == ["deployment"]
    assert "drift" in names_at(("deployment", "monitoring"))
    assert names_at(("deployment", "ab", "variants", 3)) == ["model", "weight", "name"]
