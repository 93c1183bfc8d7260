"""WAV files ↔ samples, without a library: no C code sees a hostile header.

The format is that of Microsoft's and IBM's "Multimedia Programming Interface and Data
Specifications 1.0", with WAVE_FORMAT_EXTENSIBLE, and RF64 (EBU Tech 3306) for the sizes of long
files. Sizes that say more than there is are taken as "to the end".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct, pack
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rebracket.errors import Undecodable
from rebracket.segment.pcm import BLOCK, WAV_ORDER, Pcm, check_length, check_shape
from rebracket.segment.sound import Sound

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
PACKED = 3
WIDTHS = {PCM: (1, 2, PACKED, 4), FLOAT: (4, 8)}
"""Bytes of a sample, by the format's tag."""

BASIC = Struct("<HHIIHH")
"""Tag, channels, rate, bytes a second, bytes a frame, bits a sample."""

EXTENSION = Struct("<16xHHIH14s")
"""Its own size, valid bits, the mask of speakers, and the samples' GUID, that begins with a tag."""

LONG_SIZES = Struct("<QQ")
"""Of the whole file, and of the samples."""

SUBFORMAT_TAIL = bytes.fromhex("000000001000800000aa00389b71")
"""What follows the tag in the GUID that an extensible format names its samples by."""

CHUNK = Struct("<4sI")
"""Name and size of a chunk, before its content."""

FIRST_CHUNK = 12
"""Where it begins, after 'RIFF', the file's size and 'WAVE'."""

READ_OF = {b"fmt ": EXTENSION.size, b"ds64": LONG_SIZES.size}
"""How much of a chunk's content is read at most; of others none is."""

MOST_CHUNKS = 1000
"""A file of millions of empty chunks is not walked to its end."""

UNKNOWN_SIZE = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Format:
    """What the 'fmt ' chunk, which begins at byte `offset`, says: `width` is a sample's bytes."""

    tag: int
    channels: int
    rate: int
    width: int
    offset: int

    @property
    def frame(self) -> int:
        """Bytes of a frame."""
        return self.width * self.channels


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the samples are: from byte `start` on, `size` bytes or, at 0, as many as there are."""

    form: Format
    start: int
    size: int


def open_wav(data: bytes) -> Pcm:
    """Find the samples of a WAV or RF64 file.

    Raises Undecodable, with the byte, for a header that can't be used, and TooMuchMusic.
    """
    found = find_samples(data)
    if isinstance(found, int):
        raise Undecodable("Expected a chunk 'data'", offset=len(data))
    form = found.form
    check_shape(form.rate, form.channels, form.offset)
    there = len(data) - found.start
    frames = (min(found.size, there) if found.size else there) // form.frame
    check_length(frames, form.rate)
    blocks = _blocks(data, form, found.start, frames)
    return Pcm(form.rate, form.channels, frames, WAV_ORDER, blocks)


def find_samples(head: bytes | bytearray) -> Layout | int:
    """Read the header that a file begins with; where it goes on, up to which byte it has to be there.

    A size of 0 is one that its writer never came to fill in, as that of a pipe: what follows is
    meant, to its end. Raises Undecodable, with the byte, for a header that can't be used.
    """
    if len(head) < FIRST_CHUNK:
        return FIRST_CHUNK
    if head[8:12] != b"WAVE":
        raise Undecodable("Expected 'WAVE' after 'RIFF'", offset=8)
    form: Format | None = None
    long_size: int | None = None
    after = FIRST_CHUNK
    for name, start, size in _chunks(head):
        end = start + min(size, READ_OF.get(name, 0))
        if len(head) < end:
            return end
        if name == b"fmt " and form is None:
            form = _read_format(head[start:end], start)
        elif name == b"ds64" and end - start == LONG_SIZES.size:
            _, long_size = LONG_SIZES.unpack_from(head, start)
        elif name == b"data" and form is None:
            raise Undecodable("Expected a chunk 'fmt ' before 'data'", offset=start - CHUNK.size)
        elif name == b"data" and form is not None:
            held = long_size if size == UNKNOWN_SIZE and long_size is not None else size
            return Layout(form, start, held)
        after = start + size + size % 2
    return after + CHUNK.size


def _chunks(head: bytes | bytearray) -> Iterator[tuple[bytes, int, int]]:
    """Name, first byte and declared size of each chunk whose header is there."""
    at = FIRST_CHUNK
    for _ in range(MOST_CHUNKS):
        if len(head) < at + CHUNK.size:
            return
        name, size = CHUNK.unpack_from(head, at)
        yield name, at + CHUNK.size, size
        at += CHUNK.size + size + size % 2
    raise Undecodable(f"Expected a chunk 'data' among the first {MOST_CHUNKS}", offset=at)


def _read_format(chunk: bytes | bytearray, offset: int) -> Format:
    if len(chunk) < BASIC.size:
        raise Undecodable(f"Expected {BASIC.size} bytes of format", offset=offset)
    tag, channels, rate, _, frame, _ = BASIC.unpack_from(chunk)
    if tag == EXTENSIBLE and len(chunk) == EXTENSION.size:
        *_, subformat, tail = EXTENSION.unpack(chunk)
        tag = subformat if tail == SUBFORMAT_TAIL else tag
    width, rest = divmod(frame, max(channels, 1))
    if width not in WIDTHS.get(tag, ()) or rest:
        raise Undecodable("Expected PCM of 8 to 32 bits or floats of 32 or 64", offset=offset)
    return Format(tag, channels, rate, width, offset)


def _blocks(
    data: bytes, form: Format, start: int, frames: int
) -> Iterator[NDArray[np.floating[Any]]]:
    for first in range(0, frames, BLOCK):
        at = start + first * form.frame
        yield read_frames(form, data, at, min(BLOCK, frames - first))


def read_frames(form: Format, data: bytes, at: int, frames: int) -> NDArray[np.floating[Any]]:
    """So many frames from byte `at` on, as floats [frames, channels]; integers scaled to -1 to 1."""
    return _samples(form, data, at, frames * form.channels).reshape(-1, form.channels)


def _samples(form: Format, data: bytes, at: int, count: int) -> NDArray[np.floating[Any]]:
    if form.tag == FLOAT:
        return np.frombuffer(data, f"<f{form.width}", count, at)
    if form.width == 1:  # the only width without a sign
        return (np.frombuffer(data, np.uint8, count, at).astype(np.float32) - 128) / 128
    if form.width == PACKED:
        whole = np.zeros((count, 4), dtype=np.uint8)
        whole[:, 1:] = np.frombuffer(data, np.uint8, 3 * count, at).reshape(-1, 3)
        return np.frombuffer(whole, "<i4").astype(np.float32) / 2**31
    scale = 2 ** (8 * form.width - 1)
    integers: NDArray[np.signedinteger[Any]] = np.frombuffer(data, f"<i{form.width}", count, at)
    return integers.astype(np.float32) / np.float32(scale)


def write_wav(sound: Sound) -> bytes:
    """A WAV file of 16-bit PCM; samples over -1 to 1 are clipped, those that aren't numbers are 0.

    Scaled by 32 768, as it is read: what was read from 16 bits is written as it was.
    """
    channels = sound.samples.shape[0]
    scaled = np.nan_to_num(sound.samples.T, posinf=1, neginf=-1) * 32_768
    body = np.clip(np.rint(scaled), -32_768, 32_767).astype("<i2").tobytes()
    form = BASIC.pack(PCM, channels, sound.rate, sound.rate * channels * 2, channels * 2, 16)
    head = pack("<4sI4s4sI", b"RIFF", 36 + len(body), b"WAVE", b"fmt ", len(form))
    return head + form + pack("<4sI", b"data", len(body)) + body
