"""Settings as they may be shown: without the passwords in URLs."""

import re
from typing import Any

MASK = "***"

PASSWORD = re.compile(r"([a-z][a-z0-9+.-]*://[^:/@?\s]*):.*@", re.IGNORECASE | re.DOTALL)
"""From the first colon to the last @: a password whose own @, / or ? was not escaped goes whole."""

UNFINISHED = re.compile(
    r"([a-z][a-z0-9+.-]*://[^:/@?\s\[]*):(?!\d*(?:[/?,]|$))[^@]*$", re.IGNORECASE | re.DOTALL
)
"""What stands for a port and is none: a password whose host was forgotten."""

PARAMETER = re.compile(
    r"([?&;][^=&;?\s]*(?:pass|pwd|secret|token|key|cred|odbc)[^=&;?\s]*=)[^&\s]*", re.IGNORECASE
)
QUOTED = re.compile(r"'.*'|\".*\"", re.DOTALL)


def masked(text: str) -> str:
    """A text with `***` for the passwords of URLs in it, as user information or as parameters."""
    text = PASSWORD.sub(rf"\1:{MASK}@", text)
    return PARAMETER.sub(rf"\1{MASK}", UNFINISHED.sub(rf"\1:{MASK}", text))


def masked_values(value: Any) -> Any:
    """The same for all texts in what JSON can hold."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {key: masked_values(item) for key, item in value.items()}
    return [masked_values(item) for item in value] if isinstance(value, list) else value


def unquoted(message: str) -> str:
    """A library's message without what it quotes: of a broken URL that may be the password."""
    return QUOTED.sub("…", message)
