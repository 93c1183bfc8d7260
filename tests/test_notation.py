"""Keys are read as people write them."""

import pytest

from rebracket.notation import KEYS, key_number


@pytest.mark.parametrize(
    ("name", "key"),
    [
        *(("C", 0), ("c", 12), ("B", 11), ("b", 23), ("Bb", 10), ("bb", 22)),
        *(("F#", 6), ("f#", 18), ("F♯", 6), ("B♭", 10), ("Cb", 11), ("B#", 0), ("E#", 5)),
        *(("C major", 0), ("c major", 0), ("Cmaj", 0), ("C minor", 12), ("Cmin", 12)),
        *(("Am", 21), ("am", 21), ("A m", 21), ("F# minor", 18), ("Bbm", 22), ("bm", 23)),
        *((" C  major ", 0), ("C Major", 0), ("A MINOR", 21), ("Eb Min", 15)),
    ],
)
def test_a_name_in_any_spelling_is_a_key(name: str, key: int) -> None:
    assert key_number(name) == key


@pytest.mark.parametrize("key", range(len(KEYS)))
def test_the_number_of_a_name_is_its_place(key: int) -> None:
    assert key_number(KEYS[key]) == key


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", "H", "major", "C##", "Cbb", "C mixolydian", "C majors", "CM", "C M"),
        *("C major 7", "Cm\nD", "1", "C-major", "Do", "В"),  # the last is Cyrillic
    ],
)
def test_what_names_no_key_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="a key, as 'C major'"):
        key_number(name)
