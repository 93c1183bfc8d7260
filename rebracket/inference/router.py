"""Which variant reads for whom: by weight, and always the same one for a subject."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from math import log

from rebracket.errors import FieldError, InvalidRequest
from rebracket.inference.predictor import Reader

PIN = "X-Model-Version"
"""The header by which a caller asks for a version."""
DIGEST_BITS = 64


@dataclass(frozen=True, slots=True)
class Variant:
    """A model version and its part of the traffic, in any unit that all variants share."""

    weight: float
    reader: Reader

    @property
    def name(self) -> str:
        """What answers call it."""
        return self.reader.ref.variant


class Router:
    """Splits subjects by weighted rendezvous hashing.

    A subject goes to the variant of the least −ln(u) / weight, where u in (0, 1) is a salted hash of
    subject and variant (Wang & Ravishankar 1998, with the weights of Schindelhauer & Schomaker 2005,
    "Weighted distributed hash tables"). So one weight that changes moves subjects to or from its own
    variant only.
    """

    def __init__(
        self, variants: Sequence[Variant], *, shadow: Reader | None = None, salt: str
    ) -> None:
        self.variants = list(variants)
        self.shadow = shadow
        """Reads along with whoever reads."""
        self._salt = salt

    @property
    def readers(self) -> list[Reader]:
        """All, those that answer first."""
        along = [self.shadow] if self.shadow else []
        return [*(variant.reader for variant in self.variants), *along]

    def reader(self, subject: str, *, version: str = "") -> Reader:
        """Who reads for a subject, or the version that it asks for.

        Raises:
            InvalidRequest: that version is not served.
        """
        if version:
            return self._pinned(version)
        if len(self.variants) == 1:
            return self.variants[0].reader
        return min(self.variants, key=lambda variant: self._distance(variant, subject)).reader

    def _distance(self, variant: Variant, subject: str) -> float:
        parts = (self._salt, variant.name, subject)
        text = "\0".join(part.replace("\0", "\0\0") for part in parts)
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BITS // 8)
        share = (int.from_bytes(digest.digest()) + 0.5) / 2**DIGEST_BITS
        return -log(share) / variant.weight

    def _pinned(self, version: str) -> Reader:
        for variant in self.variants:
            if variant.reader.ref.version == version:
                return variant.reader
        there = ", ".join(dict.fromkeys(item.reader.ref.version for item in self.variants))
        error = FieldError(loc=["header", PIN], msg=f"Served are: {there}", type="not_served")
        raise InvalidRequest([error])
