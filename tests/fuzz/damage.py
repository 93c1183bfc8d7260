"""Valid files → damaged ones; each follows from the seed and its number."""

from dataclasses import dataclass
from random import Random
from struct import pack

from tests.fuzz.targets import Target

SIZES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
"""What a size is set to when it lies."""

BYTES = (0, 1, 0x7F, 0x80, 0xC0, 0xF0, 0xF7, 0xFF)
"""What often means something else than the numbers beside it."""

KINDS = (
    *("flip", "set", "cut", "drop"),
    *("insert", "noise", "double", "repeat", "copy"),
    *("little", "big", "short"),
)
"""What may happen to a file: some change bytes, some take or add them, and sizes of two and four lie."""

TIMES = 50
"""How often what is repeated comes."""


@dataclass(frozen=True)
class Edit:
    """One damage: what, where (0 to 1 of the file), over how many bytes, and with which number."""

    kind: str
    where: float
    length: int
    value: int

    def apply(self, data: bytes) -> bytes:
        """The file with this damage."""
        at = min(int(self.where * len(data)), max(len(data) - 1, 0))
        before, span, after = data[:at], data[at : at + self.length], data[at + self.length :]
        byte, size = bytes([self.value % 256]), SIZES[self.value % len(SIZES)]
        there = int(self.value % 256 / 256 * len(after))
        damages = {
            "flip": bytes(old ^ 1 << self.value % 8 for old in span[:1]) + data[at + 1 :],
            "set": byte * len(span) + after,
            "cut": b"",
            "drop": after,
            "insert": byte * self.length + span + after,
            "noise": Random(self.value).randbytes(self.length) + span + after,
            "double": span + span + after,
            "repeat": span[:64] * TIMES + after,
            "copy": span + after[:there] + span + after[there:],
            "little": pack("<I", size) + data[at + 4 :],
            "big": pack(">I", size) + data[at + 4 :],
            "short": pack(">H", size & 0xFFFF) + data[at + 2 :],
        }
        return before + damages[self.kind]


def damaged(target: Target, seed: int, case: int) -> bytes:
    """The file of a case: one of the target's with one to eight damages, mended or not."""
    random = Random(f"{seed}/{case}")
    data = random.choice(target.files())
    for _ in range(random.choice((1, 1, 2, 3, 8))):
        # Half of the damage to the first bytes, where the headers are.
        where = random.random() * random.choice((1, min(1, 64 / len(data) if data else 1)))
        length = random.choice((1, 1, 2, 4, 16, 200, 3000))
        value = random.choice((random.choice(BYTES), random.randrange(256)))
        data = Edit(random.choice(KINDS), where, length, value).apply(data)
    return target.mend(data) if random.random() < target.mended else data
