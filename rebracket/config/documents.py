"""What is written of the settings for people and editors: a table, and the JSON schema of the file."""

import json
from itertools import dropwhile
from typing import Any

from rebracket.config.listing import every_setting
from rebracket.config.machine import data_folder
from rebracket.config.sources import Settings
from rebracket.config.tree import Deployment

DIALECT = "https://json-schema.org/draft/2020-12/schema"
HEADING = "| setting under `deployment` | default | meaning |\n|---|---|---|\n"
HOME = "$BENTOML_HOME/rebracket"


def schema() -> str:
    """The JSON schema of the settings file, the same on every machine."""
    tree = {"$schema": DIALECT, **Settings.model_json_schema()}
    return json.dumps(tree, indent=2, ensure_ascii=False) + "\n"


def table() -> str:
    """Every setting, its default and its meaning, as a table in Markdown."""
    defaults = Deployment()
    rows = [
        f"| `{setting.dotted}` | {shown_default(setting.of(defaults))} | {setting.meaning} |\n"
        for setting in every_setting()
    ]
    return HEADING + "".join(rows)


def shown_default(value: Any) -> str:
    """A default as the table has it: this machine's folder by the variable that moves it."""
    text = value if isinstance(value, str) else json.dumps(value).removesuffix(".0")
    return text.replace(str(data_folder()), HOME)


def with_table(text: str) -> str:
    """A document whose table of settings is the present one."""
    before, _, rest = text.partition(HEADING)
    after = dropwhile(lambda line: line.startswith("|"), rest.splitlines(keepends=True))
    return before + table() + "".join(after)
