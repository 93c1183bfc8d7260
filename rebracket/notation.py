"""Meters and keys as people write them."""

import re

METERS: tuple[tuple[int, int], ...] = (
    *((2, 4), (3, 4), (4, 4), (2, 2), (3, 2)),
    *((3, 8), (6, 8), (9, 8), (12, 8)),
)
"""The meters that the generator knows."""

MOST_BARS = 32
"""Bars that are generated at most."""

TONICS = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
KEYS: tuple[str, ...] = tuple(f"{tonic} {mode}" for mode in ("major", "minor") for tonic in TONICS)
"""All keys; the number of a key is its tonic's pitch class, and 12 more where it is minor."""

_TONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_SIGNS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}
_PATTERN = re.compile(r"([A-Ga-g])([#b♯♭]?)\s*((?i:major|maj|minor|min)|m)?")


def key_number(name: str) -> int:
    """The number of a key: "C", "Bb major", "F#m", "g minor"; a lone lower-case tonic is minor.

    Raises:
        ValueError: it names no key.
    """
    found = _PATTERN.fullmatch(name.strip())
    if found is None:
        raise ValueError("a key, as 'C major', 'F# minor' or 'Bb'")
    tone, sign, mode = found.groups()
    minor = mode.lower() in ("minor", "min", "m") if mode else tone.islower()
    return (_TONES[tone.upper()] + _SIGNS[sign]) % 12 + 12 * minor
