"""Passwords are never shown, however they are written; the rest of a URL is."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebracket.config.masking import masked, masked_values, unquoted

AROUND = st.text("aZ9@:/?#&=;% '\"\n[]", max_size=6)
SCHEMES = st.sampled_from(["postgresql+psycopg", "redis", "rediss", "unix", "mysql", "HTTPS"])
NAMES = st.sampled_from(["password", "sslpassword", "access_token", "API_KEY", "pwd", "secret"])


@given(SCHEMES, AROUND, AROUND)
def test_no_part_of_a_password_is_shown(scheme: str, before: str, after: str) -> None:
    url = f"{scheme}://me:{before}hunter2{after}@host:5432/keys"
    assert masked(url) == f"{scheme}://me:***@host:5432/keys"


@given(SCHEMES, NAMES, AROUND, AROUND)
def test_no_part_of_a_parameter_that_is_a_secret_is_shown(
    scheme: str, name: str, before: str, after: str
) -> None:
    secret = quote(f"{before}hunter2{after}", safe="")
    url = f"{scheme}://host/keys?a=1&{name}={secret}&b=2"
    assert masked(url) == f"{scheme}://host/keys?a=1&{name}=***&b=2"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("redis://:hunter2@host/0", "redis://:***@host/0"),
        ("redis://:hunter2", "redis://:***"),
        ("postgresql://me:hunter2/keys", "postgresql://me:***"),
        ("postgresql://me:***@host/keys", "postgresql://me:***@host/keys"),
        ("redis://host:6379/0", "redis://host:6379/0"),
        ("postgresql://host:5432", "postgresql://host:5432"),
        ("postgresql://one:5432,two:5433/keys", "postgresql://one:5432,two:5433/keys"),
        ("redis://[::1]:6379/0?socket_timeout=1", "redis://[::1]:6379/0?socket_timeout=1"),
        ("sqlite:////var/lib/a@b/keys.db", "sqlite:////var/lib/a@b/keys.db"),
        ("postgresql://me@host/keys?sslmode=require", "postgresql://me@host/keys?sslmode=require"),
        ("rebracket-segment:latest", "rebracket-segment:latest"),
        ("600/minute", "600/minute"),
    ],
)
def test_what_is_a_password_is_hidden_and_the_rest_shown(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_texts_are_masked_wherever_they_lie() -> None:
    url = "redis://:hunter2@host/0"
    assert masked_values({"a": [url, 1, None], "b": url}) == {
        "a": ["redis://:***@host/0", 1, None],
        "b": "redis://:***@host/0",
    }


def test_what_a_message_quotes_of_a_url_is_left_out() -> None:
    assert unquoted("invalid literal for int() with base 10: 'hun\\'ter2'") == (
        "invalid literal for int() with base 10: …"
    )
