"""Arguments win over the environment, and what can't be called is refused before anything is."""

import pytest

from rebracket.client.address import Address
from rebracket.errors import ConfigError


def test_arguments_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REBRACKET_URL", "http://env:1")
    monkeypatch.setenv("REBRACKET_API_KEY", "rb_env")
    assert Address.find(None, None).url == "http://env:1"
    assert Address.find(None, None).headers == {"Authorization": "Bearer rb_env"}
    given = Address.find("https://given/prefix", "rb_given")
    assert (given.url, given.headers) == (
        "https://given/prefix",
        {"Authorization": "Bearer rb_given"},
    )


def test_a_service_without_keys_is_called_without_one() -> None:
    assert Address.find("http://a:1", None).headers == {}


def test_no_url_says_where_to_put_one() -> None:
    with pytest.raises(ConfigError, match="base_url or set REBRACKET_URL"):
        Address.find(None, None)


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://a", "http://", "http://a:b", "http://[a"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="expected http"):
        Address.find(url, None)


@pytest.mark.parametrize("key", ["rb_ä", "rb_a\r\nX-Evil: 1"])
def test_a_key_that_no_header_holds_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Address.find("http://a", key)
    assert key not in str(caught.value)


def test_the_key_is_not_shown() -> None:
    assert "rb_secret" not in repr(Address.find("http://a", "rb_secret"))


@pytest.mark.parametrize(
    ("url", "socket"),
    [
        ("http://a:1", "ws://a:1/stream"),
        ("https://a/", "wss://a/stream"),
        ("HTTPS://a/base/path/", "wss://a/base/path/stream"),
    ],
)
def test_sockets_are_below_the_same_url(url: str, socket: str) -> None:
    assert Address.find(url, None).socket("stream") == socket
