"""Keys spell an id, a secret and a checksum; what is stored can't be turned back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebracket.gateway.keys import ALPHABET, Key

letters = st.sampled_from(ALPHABET)


def test_a_key_reads_back_as_itself() -> None:
    key = Key.generate()
    assert Key.parse(str(key)) == key
    assert str(key).startswith(f"rb_{key.id}_")
    assert len(str(key)) == 63


def test_no_two_keys_are_alike() -> None:
    keys = [Key.generate() for _ in range(200)]
    assert len({key.id for key in keys}) == len({key.secret for key in keys}) == 200


@given(st.integers(3, 62), letters)
def test_one_wrong_letter_is_noticed(position: int, letter: str) -> None:
    text = str(Key(id="0" * 10, secret="z" * 43))
    changed = text[:position] + letter + text[position + 1 :]
    assert (Key.parse(changed) is None) == (changed != text)


@given(st.text(max_size=80))
def test_any_other_text_is_no_key(text: str) -> None:
    assert Key.parse(text) is None


@pytest.mark.parametrize("around", ["{}\n", " {}", "{}0", "RB{}"])
def test_a_key_with_something_around_it_is_no_key(around: str) -> None:
    assert Key.parse(around.format(Key.generate())) is None


def test_the_digest_depends_on_secret_and_id() -> None:
    key = Key.generate()
    assert len(key.digest) == 32
    assert key.digest != Key(id=key.id, secret=Key.generate().secret).digest
    assert key.digest != Key(id=Key.generate().id, secret=key.secret).digest


def test_the_secret_is_in_no_repr() -> None:
    key = Key.generate()
    assert key.secret not in repr(key)
