"""`multipart/form-data` (RFC 7578) as it comes in: the parts that a segment may have, each once.

python-multipart is used without Starlette's form parser: that decodes what has no file name by a
charset of the caller's choice (some of which raise), and tells unknown and repeated parts only when
all of them have been read.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import Self

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from rebracket.binary import too_long
from rebracket.errors import FieldError, InvalidRequest, PayloadTooLarge

SEGMENT = "segment"
FILES = ("midi", "audio")
SPOOL_BYTES = 2**20
"""Longer parts are on disk."""
MAX_NAME = 64
MAX_DELIMITERS = 8
"""Three parts have four. More stand inside of a part, against RFC 2046, and each costs time."""
AS_IS = (b"", b"7bit", b"8bit", b"binary")
"""Transfer encodings that change no byte."""

# What it warns of is answered here, and its warnings quote what was sent.
logging.getLogger("python_multipart").setLevel(logging.CRITICAL)


def refusal(loc: list[str], kind: str, message: str) -> InvalidRequest:
    """What is wrong with one part, or with the body where `loc` is empty."""
    return InvalidRequest([FieldError(loc=[*loc], msg=message, type=kind)])


def _spooled() -> SpooledTemporaryFile[bytes]:
    return SpooledTemporaryFile(SPOOL_BYTES)


@dataclass(slots=True)
class Part:
    """A part as it comes in; its file has no name, so that it goes with the process at the latest."""

    name: str
    max_bytes: int | None
    size: int = 0
    file: SpooledTemporaryFile[bytes] = field(default_factory=_spooled)

    @property
    def on_disk(self) -> bool:
        """Whether it is too long for memory."""
        return self.size > SPOOL_BYTES

    def write(self, data: bytes) -> None:
        """Append.

        Raises:
            InvalidRequest: it would be too long, and is a file.
            PayloadTooLarge: it would be too long, and is the segment.
        """
        self.size += len(data)
        if self.max_bytes is not None and self.size > self.max_bytes:
            if self.name == SEGMENT:
                limit = f"{self.max_bytes} bytes at most"
                raise PayloadTooLarge(f"The part {SEGMENT} may hold {limit}")
            error = too_long(self.max_bytes)
            raise refusal([self.name], error.type, error.message())
        self.file.write(data)

    def content(self) -> bytes:
        """All of it."""
        self.file.seek(0)
        return self.file.read()


class Form:
    """Takes a body piece by piece; whatever no segment has ends the reading at once.

    Args:
        boundary: what stands between the parts.
        limits: bytes that parts may hold at most, by name.
    """

    def __init__(self, boundary: bytes, limits: Mapping[str, int]) -> None:
        self._limits = limits
        self._parts: dict[str, Part] = {}
        self._part: Part | None = None
        self._headers: dict[bytes, bytes] = {}
        self._name = self._value = b""
        self._seen = self._delimiters = 0
        self._delimiter = b"\r\n--" + boundary
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._open_part,
                "on_part_data": self._write_part,
                "on_end": self._end,
            },
        )

    @contextmanager
    def reading(self) -> Iterator[Self]:
        """Its files end with the block, however that ends."""
        try:
            yield self
        finally:
            for part in self._parts.values():
                part.file.close()

    @property
    def on_disk(self) -> bool:
        """Whether a part is."""
        return any(part.on_disk for part in self._parts.values())

    def feed(self, chunk: bytes) -> None:
        """Read on.

        Raises:
            InvalidRequest: it is malformed, or a part is none that a segment has.
            PayloadTooLarge: the part `segment` is too long.
        """
        self._delimiters += chunk.count(self._delimiter)
        if self._delimiters > MAX_DELIMITERS:
            message = "The boundary stands inside of a part: choose another"
            raise refusal(self._place, "multipart_boundary", message)
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            place = self._seen + max(getattr(error, "offset", 0), 0)
            message = f"The multipart body is malformed at byte {place}"
            raise refusal(self._place, "multipart_invalid", message) from None
        self._seen += len(chunk)

    def contents(self) -> dict[str, bytes]:
        """What the parts hold, by name, when all has come.

        Raises:
            InvalidRequest: there should be more.
        """
        if not self._ended:
            message = "The multipart body ends before its closing boundary"
            raise refusal(self._place, "multipart_truncated", message)
        return {name: part.content() for name, part in self._parts.items()}

    @property
    def _place(self) -> list[str]:
        return [self._part.name] if self._part else []

    def _begin_part(self) -> None:
        self._part = None
        self._headers = {}

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        name = self._name.lower()
        if name in self._headers:
            raise refusal([], "multipart_invalid", "A part has one of its header fields twice")
        self._headers[name] = self._value
        self._name = self._value = b""

    def _open_part(self) -> None:
        name = _part_name(self._headers.get(b"content-disposition", b""))
        if name in self._parts:
            raise refusal([name], "part_repeated", "This part comes twice")
        encoding = self._headers.get(b"content-transfer-encoding", b"").strip().lower()
        if encoding not in AS_IS:
            message = "Send the part's bytes as they are: this transfer encoding is not read"
            raise refusal([name], "part_encoded", message)
        self._part = self._parts[name] = Part(name, self._limits.get(name))

    def _write_part(self, data: bytes, start: int, end: int) -> None:
        assert self._part is not None  # the parser opens a part before it tells of its data
        self._part.write(data[start:end])

    def _end(self) -> None:
        self._ended = True


def _part_name(disposition: bytes) -> str:
    """The name of a part that a segment has.

    Raises:
        InvalidRequest: it has none, or another.
    """
    kind, options = parse_options_header(disposition)
    if kind != b"form-data" or not options.get(b"name"):
        message = "A part needs 'Content-Disposition: form-data' with a name"
        raise refusal([], "part_unnamed", message)
    name = options[b"name"].decode("utf-8", "replace")
    if name not in (SEGMENT, *FILES):
        message = f"No such part: there are {SEGMENT}, {' and '.join(FILES)}"
        raise refusal([name[:MAX_NAME]], "part_unknown", message)
    return name
