"""FLAC, Ogg and MP3 files → samples, through libsndfile.

libsndfile reads two dozen containers, some with a history of memory errors, and tells them apart by
more than a mark. It sees only files of which it is certain that it takes them for one of the three:
an ID3 tag, after which it would look for any container again, is cut off before; and MP3, for which
it would look last, after trying Sound Designer II, gets an empty tag, after which it looks first.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from rebracket.errors import Undecodable
from rebracket.segment.id3 import MOST_TAGS, tag_bytes
from rebracket.segment.ogg import intact_end
from rebracket.segment.pcm import BLOCK, OGG_ORDER, WAV_ORDER, Pcm, check_length, check_shape

CONTAINERS = {"FLAC": WAV_ORDER, "OGG": OGG_ORDER, "MP3": WAV_ORDER}
"""The order of channels, by libsndfile's name of the container."""

UNKNOWN_LENGTH = 2**63 - 1
"""libsndfile's number of frames where a file does not say."""

PADDING = re.compile(rb"\0*")
"""Zeros after a tag, which some writers leave out of its size."""

EMPTY_TAG = b"ID3\x04\0\0\0\0\0\x0c" + bytes(12)
"""A tag of twelve bytes of padding: libsndfile looks past shorter ones."""

HEADER_BYTES = 4
SYNC_MASK, SYNC = 0xFFE60000, 0xFFE20000
"""A frame's header of MPEG audio, layer III."""


class _Memory:
    """Bytes as a file that never raises: libsndfile calls it from C."""

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = memoryview(data)
        self._at = 0

    def seek(self, offset: int, whence: int) -> int:
        """Move, to within the file; `whence` as for any file."""
        base = (0, self._at, len(self._data))[whence] if whence in (0, 1, 2) else 0
        self._at = min(max(base + offset, 0), len(self._data))
        return self._at

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as there are bytes; how many there were."""
        part = self._data[self._at : self._at + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)


class ForwardFile(soundfile.SoundFile):  # type: ignore[misc]  # its module is untyped
    """A file that is read from front to back.

    soundfile seeks after each read to where it already is, which a codec pays for by decoding
    again, but not in files that can't seek.
    """

    def seekable(self) -> bool:
        """Never."""
        return False


@contextmanager
def open_compressed(data: bytes) -> Iterator[Pcm]:
    """Open a FLAC, Ogg (Vorbis, Opus) or MP3 file for as long as its blocks are read.

    Raises Undecodable and TooMuchMusic. A file that turns out damaged ends where it does.
    """
    music = _music(data)
    try:
        file = ForwardFile(_Memory(music), "r")
    except soundfile.SoundFileError:
        raise Undecodable("The file's headers can't be read") from None
    try:
        yield _describe(file)
    finally:
        with suppress(soundfile.SoundFileError):
            file.close()


def _describe(file: soundfile.SoundFile) -> Pcm:
    order = CONTAINERS.get(file.format)
    if order is None:
        raise Undecodable("Expected FLAC, Ogg or MP3")
    check_shape(file.samplerate, file.channels)
    known = 0 < file.frames < UNKNOWN_LENGTH
    if known:
        check_length(file.frames, file.samplerate)
    frames = file.frames if known else None
    return Pcm(file.samplerate, file.channels, frames, order, read_blocks(file))


def read_blocks(file: soundfile.SoundFile, frames: int = BLOCK) -> Iterator[NDArray[np.float32]]:
    """What can be decoded, so many frames at a time: [frames, channels]."""
    while True:
        try:
            block = file.read(frames, dtype="float32", always_2d=True)
        except soundfile.SoundFileError:
            return
        if not len(block):
            return
        yield block


def _music(data: bytes) -> bytes | memoryview:
    """What libsndfile may see of a file; Undecodable where that is nothing."""
    start = _tags_end(data)
    head = data[start : start + HEADER_BYTES]
    if head == b"fLaC":
        return memoryview(data)[start:]
    if head == b"OggS":
        return memoryview(data)[start : intact_end(data, start)]
    if _is_mp3(head):
        return EMPTY_TAG + data[start:]
    raise Undecodable("Expected WAV, FLAC, Ogg (Vorbis, Opus) or MP3", offset=start)


def _tags_end(data: bytes) -> int:
    """The end of the ID3v2 tags, and of the padding after them, that a file begins with."""
    at = 0
    for _ in range(MOST_TAGS):
        size = tag_bytes(data, at)
        if not size:
            break
        padding = PADDING.match(data, at + size)
        at = padding.end() if padding else len(data)
    return at


def _is_mp3(head: bytes) -> bool:
    """Whether four bytes are a frame's header (ISO 11172-3, 2.4.1.3), without reserved values."""
    word = int.from_bytes(head, "big")
    version, bit_rate, rate = word >> 19 & 3, word >> 12 & 15, word >> 10 & 3
    synchronised = len(head) == HEADER_BYTES and word & SYNC_MASK == SYNC
    return synchronised and version in (0, 2, 3) and bit_rate in range(1, 15) and rate in range(3)
