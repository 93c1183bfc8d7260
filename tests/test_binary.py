"""Binary fields: any bytes come back from their base64, and nothing else is base64."""

import base64
import re
from string import ascii_letters, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from rebracket.binary import Binary, decode, encode

STANDARD = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
ALPHABET = ascii_letters + digits + "+/="
FIVE = Binary("audio/midi", 5)


def refusal(field: Binary, value: object) -> str:
    with pytest.raises(PydanticCustomError) as caught:
        field.read(value)
    return caught.value.type


@given(st.binary(max_size=200))
def test_any_bytes_come_back(content: bytes) -> None:
    assert encode(content) == base64.b64encode(content).decode()
    assert decode(encode(content)) == content


@given(st.text(st.sampled_from("AZaz09+/=-_ \n\r\t\0é\ud800"), max_size=12) | st.text(max_size=12))
def test_what_is_read_is_base64_in_the_one_way_to_write_it(text: str) -> None:
    try:
        content = decode(text)
    except PydanticCustomError:
        canonical = STANDARD.fullmatch(text) and encode(base64.b64decode(text)) == text
        assert not canonical
    else:
        assert STANDARD.fullmatch(text)
        assert encode(content) == text


@given(st.binary(min_size=1, max_size=60), st.data())
def test_any_foreign_character_is_refused(content: bytes, data: st.DataObject) -> None:
    text = encode(content)
    place = data.draw(st.integers(0, len(text)))
    foreign = data.draw(st.characters().filter(lambda c: c not in ALPHABET))
    with pytest.raises(PydanticCustomError):
        decode(text[:place] + foreign + text[place + 1 :])


@pytest.mark.parametrize(
    "text", ["AA", "AA=", "A===", "=AAA", "AA=A", "AAAA====", "AA==AA==", "AA\n==", " AA==", "AB=="]
)
def test_what_lenient_decoders_take_is_refused(text: str) -> None:
    assert refusal(Binary("audio/*"), text) == "base64_invalid"


@pytest.mark.parametrize("text", ["-_-_", "AAA-", "__8="])
def test_the_url_safe_alphabet_is_called_by_its_name(text: str) -> None:
    with pytest.raises(PydanticCustomError, match="URL-safe"):
        decode(text)


@pytest.mark.parametrize("value", ["", b""])
def test_nothing_is_refused(value: object) -> None:
    assert refusal(FIVE, value) == "binary_empty"


@pytest.mark.parametrize("value", [5, 1.5, True, ["A"], {"a": "b"}])
def test_another_type_is_refused(value: object) -> None:
    assert refusal(FIVE, value) == "base64_type"


@pytest.mark.parametrize("value", [b"a" * 6, encode(b"a" * 6), encode(b"a" * 7), "*" * 99])
def test_what_is_too_long_is_refused(value: object) -> None:
    assert refusal(FIVE, value) == "binary_too_long"


@pytest.mark.parametrize("size", [1, 4, 5])
def test_up_to_the_limit_bytes_are_taken_as_they_are(size: int) -> None:
    content = b"a" * size
    assert FIVE.read(content) is content
    assert FIVE.read(encode(content)) == content
