"""Each value came from where it is said to come from."""

import json
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rebracket.config import Deployment, load_settings
from rebracket.config.listing import every_setting
from rebracket.config.origins import DEFAULT, Origin, Origins

VALUES: dict[str, list[Any]] = {
    "api.port": [9001, 9002],
    "api.timeout_s": [1.5, 2.5],
    "api.cors_origins": [["https://a.example"], ["*"]],
    "auth.enabled": [False, True],
    "auth.failures": [None, "5/minute"],
    "rate_limit.work": ["7/5m", None],
    "ab.salt": ["null or not", "äöü"],
    "ab.variants": [[{"model": "a", "weight": 2.0, "name": None}], []],
    "ab.shadow": ["b", None],
    "monitoring.drift.window": [60, 70],
    "monitoring.drift.every_s": [3.0, 4.0],
    "logs.format": ["json", "text"],
    "workers": [2, 3],
}
"""For each of some settings a value for the file and one for the environment."""

SPELLINGS = st.fixed_dictionaries(
    {}, optional={dotted: st.integers(0, dotted.count(".") + 1) for dotted in VALUES}
)
"""Which settings the environment sets, and how deep the variable's name goes: the rest is JSON."""


@given(
    in_file=st.sets(st.sampled_from(sorted(VALUES))),
    spellings=SPELLINGS,
    upper=st.booleans(),
)
def test_file_and_variables_are_told_apart_setting_by_setting(
    tmp_path_factory: pytest.TempPathFactory,
    in_file: set[str],
    spellings: dict[str, int],
    upper: bool,
) -> None:
    path = tmp_path_factory.mktemp("config") / "config.yaml"
    path.write_text(yaml.safe_dump(nested({name: VALUES[name][0] for name in in_file})))
    given, names = environment(spellings, upper=upper)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REBRACKET_CONFIG", str(path))
        for name, text in given.items():
            patch.setenv(name, text)
        deployment, origins = load_settings().deployment, Origins.read()
    for setting in every_setting():
        value = setting.of(deployment)
        origin = origins.of(("deployment", *setting.path))
        if setting.dotted in names:
            assert origin == Origin("environment", names[setting.dotted])
            assert value == VALUES[setting.dotted][1]
        elif setting.dotted in in_file:
            assert value == VALUES[setting.dotted][0]
            assert origin.kind == "file"
        else:
            assert origin == DEFAULT
            assert value == setting.of(Deployment())


def environment(spellings: dict[str, int], *, upper: bool) -> tuple[dict[str, str], dict[str, str]]:
    """Variables that set the second values, and by setting the name of the one that does."""
    texts: dict[str, Any] = {}
    names: dict[str, str] = {}
    for dotted, depth in spellings.items():
        keys = dotted.split(".")
        name = "__".join(["rebracket_deployment", *keys[:depth]])
        names[dotted] = name = name.upper() if upper else name
        value = VALUES[dotted][1]
        if depth == len(keys):
            texts[name] = value
        else:
            put(texts.setdefault(name, {}), keys[depth:], value)
    return {name: spelled(value) for name, value in texts.items()}, names


def spelled(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def nested(values: dict[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {"deployment": {}}
    for dotted, value in values.items():
        put(tree["deployment"], dotted.split("."), value)
    return tree


def put(tree: dict[str, Any], keys: list[str], value: Any) -> None:
    reduce(lambda at, key: at.setdefault(key, {}), keys[:-1], tree)[keys[-1]] = value


def test_the_file_is_named_by_its_path(config: Path) -> None:
    config.write_text("deployment: {workers: 1}")
    origins = Origins.read()
    assert str(origins.of(("deployment", "workers"))) == f"file {config}"
    assert str(origins.of(("deployment", "runner"))) == "default"


def test_json_in_a_variable_may_spell_settings_in_any_case(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REBRACKET_DEPLOYMENT__API", '{"PORT": 9001}')
    assert load_settings().deployment.api.port == 9001
    origin = Origins.read().of(("deployment", "api", "port"))
    assert str(origin) == "environment REBRACKET_DEPLOYMENT__API"


def test_an_empty_section_in_a_variable_is_nobodys_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REBRACKET_DEPLOYMENT__API", "{}")
    assert Origins.read().of(("deployment", "api", "port")) == DEFAULT
