"""WAV files ↔ samples, without a library: no C code sees a hostile header.

The format is that of Microsoft's and IBM's "Multimedia Programming Interface and Data
Specifications 1.0", with WAVE_FORMAT_EXTENSIBLE, and RF64 (EBU Tech 3306) for the sizes of long
files. Sizes that say more than there is are taken as "to the end".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct, pack, unpack_from
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

MOST_CHUNKS = 1000
"""A file of millions of empty chunks is not walked to its end."""

UNKNOWN_SIZE = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class _Format:
    """What the 'fmt ' chunk says: `width` is a sample's bytes."""

    tag: int
    channels: int
    rate: int
    width: int


def open_wav(data: bytes) -> Pcm:
    """Find the samples of a WAV or RF64 file.

    Raises Undecodable, with the byte, for a header that can't be used, and TooMuchMusic.
    """
    if data[8:12] != b"WAVE":
        raise Undecodable("Expected 'WAVE' after 'RIFF'", offset=8)
    form: _Format | None = None
    long_size: int | None = None
    for name, start, size in _chunks(data):
        if name == b"fmt " and form is None:
            form = _read_format(data[start : start + min(size, EXTENSION.size)], start)
        elif name == b"ds64" and LONG_SIZES.size <= min(size, len(data) - start):
            long_size = LONG_SIZES.unpack_from(data, start)[1]
        elif name == b"data" and form is None:
            raise Undecodable("Expected a chunk 'fmt ' before 'data'", offset=start - 8)
        elif name == b"data" and form is not None:
            held = long_size if size == UNKNOWN_SIZE and long_size is not None else size
            return _open_samples(data, form, start, held)
    raise Undecodable("Expected a chunk 'data'", offset=len(data))


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, first byte and declared size of each chunk."""
    at = 12
    for _ in range(MOST_CHUNKS):
        if at + 8 > len(data):
            return
        name, size = unpack_from("<4sI", data, at)
        yield name, at + 8, size
        at += 8 + size + size % 2


def _read_format(chunk: bytes, offset: int) -> _Format:
    if len(chunk) < BASIC.size:
        raise Undecodable(f"Expected {BASIC.size} bytes of format", offset=offset)
    tag, channels, rate, _, frame, _ = BASIC.unpack_from(chunk)
    if tag == EXTENSIBLE and len(chunk) == EXTENSION.size:
        *_, subformat, tail = EXTENSION.unpack(chunk)
        tag = subformat if tail == SUBFORMAT_TAIL else tag
    check_shape(rate, channels, offset)
    width = frame // channels
    if width not in WIDTHS.get(tag, ()) or frame % channels:
        raise Undecodable("Expected PCM of 8 to 32 bits or floats of 32 or 64", offset=offset)
    return _Format(tag, channels, rate, width)


def _open_samples(data: bytes, form: _Format, start: int, size: int) -> Pcm:
    """A size of 0 is one that its writer never came to fill in: the rest of the file is meant."""
    there = len(data) - start
    frames = (min(size, there) if size else there) // (form.width * form.channels)
    check_length(frames, form.rate)
    return Pcm(form.rate, form.channels, frames, WAV_ORDER, _blocks(data, form, start, frames))


def _blocks(
    data: bytes, form: _Format, start: int, frames: int
) -> Iterator[NDArray[np.floating[Any]]]:
    step = form.width * form.channels
    for first in range(0, frames, BLOCK):
        count = min(BLOCK, frames - first) * form.channels
        samples = _samples(data, form, start + first * step, count)
        yield samples.reshape(-1, form.channels)


def _samples(data: bytes, form: _Format, at: int, count: int) -> NDArray[np.floating[Any]]:
    """`count` samples from byte `at`, as floats; integers are scaled to -1 to 1."""
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
