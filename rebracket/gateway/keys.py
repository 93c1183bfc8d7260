"""API keys as strings: `rb_` + id + `_` + secret + checksum.

The id is public: it names the key in lists and logs. The secret holds 256 random bits, so one round
of SHA-256 is the right hash: there is no dictionary to slow a guesser down with, and a slow hash
would only let strangers burn our processor. The checksum tells a mistyped key from a wrong one
before anything is looked up; scanners for leaked secrets use it too.
"""

import hmac
import re
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Literal, Self, get_args
from zlib import crc32

Scope = Literal["predict", "generate", "stream", "admin"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ID_LENGTH = 10
SECRET_LENGTH = 43  # 62 ** 43 > 2 ** 256
CHECKSUM_LENGTH = 6
SHAPE = re.compile(
    rf"rb_([0-9A-Za-z]{{{ID_LENGTH}}})_([0-9A-Za-z]{{{SECRET_LENGTH}}})"
    rf"([0-9A-Za-z]{{{CHECKSUM_LENGTH}}})"
)


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


@dataclass(frozen=True, slots=True)
class Key:
    """A well-formed key; `str` gives what the caller sends, `repr` keeps the secret."""

    id: str
    secret: str = field(repr=False)

    @classmethod
    def generate(cls) -> Self:
        """A new key from the system's random numbers."""
        return cls(id=_random(ID_LENGTH), secret=_random(SECRET_LENGTH))

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The key that `text` spells, or None: wrong shape or wrong checksum."""
        match = SHAPE.fullmatch(text)
        if match is None:
            return None
        key = cls(id=match[1], secret=match[2])
        return key if hmac.compare_digest(match[3], key.checksum) else None

    @property
    def checksum(self) -> str:
        """CRC-32 of all that stands before it."""
        number = crc32(f"rb_{self.id}_{self.secret}".encode())
        digits = ""
        for _ in range(CHECKSUM_LENGTH):
            number, digit = divmod(number, len(ALPHABET))
            digits = ALPHABET[digit] + digits
        return digits

    @property
    def digest(self) -> bytes:
        """What is stored of the secret, bound to the id: 32 bytes."""
        return sha256(f"rebracket key {self.id} {self.secret}".encode()).digest()

    def __str__(self) -> str:
        return f"rb_{self.id}_{self.secret}{self.checksum}"


NOBODY: Final = Key.generate()
"""Stands in for a key that could not be parsed, so that refusing it costs the same."""


def same(left: bytes, right: bytes) -> bool:
    """Whether two digests are equal, in a time that does not depend on where they differ."""
    return hmac.compare_digest(left, right)
