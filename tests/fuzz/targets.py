"""What can be fuzzed: a decoder, valid files for it, and how to get damage past its first checks."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from struct import pack_into

import numpy as np

from rebracket.segment.audio import MAX_SECONDS, MIN_SECONDS, read_audio
from rebracket.segment.midi import read_midi, write_midi
from rebracket.segment.ogg import checksum
from tests.segment.audio_files import small_files
from tests.segment.promises import check_notes
from tests.segment.raw_midi import NOTE, OFF, ON, chunk, header, midi, simple, track


@dataclass(frozen=True)
class Target:
    """A decoder that is checked.

    `decode` reads a file and asserts what the decoder promises of what it accepts. `files` are valid
    ones to damage, and `suffix` what the names of damaged ones end in. `mend` makes lengths or
    checksums agree again after damage, so that it reaches what they enclose; the share `mended` of
    all cases is.
    """

    decode: Callable[[bytes], object]
    files: Callable[[], tuple[bytes, ...]]
    suffix: str
    mend: Callable[[bytes], bytes]
    mended: float


def read_notes(data: bytes) -> None:
    """Read MIDI; what comes out is notes."""
    check_notes(read_midi(data))


@cache
def midi_files() -> tuple[bytes, ...]:
    """Small files of every format, with every kind of event, our own among them."""
    tempo, meter = b"\x00\xff\x51\x03\x0f\x42\x40", b"\x00\xff\x58\x04\x06\x03\x18\x08"
    running = b"\x00" + ON + b"\x10\x3e\x40\x10\x3c\x00\x81\x00\x3e\x00"
    sysex, text = b"\x00\xf0\x05\x7e\x7f\x09\x01\xf7", b"\x00\xff\x03\x05voice"
    key, programs = b"\x00\xff\x59\x02\x02\x01", b"\x00\xc0\x28\x00\xc9\x08"
    drums = b"\x00\x99\x24\x40\x30\x89\x24\x00"
    files = [
        simple(tempo, meter, NOTE, running),
        simple(text, sysex, programs, NOTE, drums, key),
        midi(track(tempo, meter), track(text, programs, NOTE, running), track(drums, NOTE)),
        midi(track(tempo, NOTE), track(NOTE, meter), kind=2),
        simple(NOTE, running, division=0xE728),
        header(1, kind=1, division=480) + chunk(b"XFIH", bytes(9)) + track(NOTE),
        midi(*[track(b"\x10" + ON, b"\x10" + ON, b"\x10" + OFF)] * 12),
    ]
    riff = b"RMIDdata" + len(files[0]).to_bytes(4, "little") + files[0]
    files.append(b"RIFF" + len(riff).to_bytes(4, "little") + riff)
    return (*files, *[write_midi(read_midi(file)) for file in files[:3]])


def relengthen(data: bytes) -> bytes:
    """The same tracks with their lengths right and a plain header."""
    _, *parts = data.split(b"MTrk")
    return midi(*[chunk(b"MTrk", part[4:]) for part in parts])


def read_sound(data: bytes) -> None:
    """Read audio twice: what comes out is sound, and the same again, so no memory left over."""
    sound, again = read_audio(data), read_audio(data)
    assert sound.samples.shape[0] in {1, 2}
    assert MIN_SECONDS <= sound.seconds <= MAX_SECONDS
    assert np.abs(sound.samples).max() <= 1
    assert np.array_equal(sound.samples, again.samples)


@cache
def audio_files() -> tuple[bytes, ...]:
    """A tenth of a second in every encoding."""
    return tuple(small_files().values())


def reseal(data: bytes) -> bytes:
    """An Ogg file with the checksums that its pages should have; other files as they are."""
    if not data.startswith(b"OggS"):
        return data
    sealed = bytearray(data)
    at = 0
    while at >= 0 and at + 27 <= len(sealed):
        lengths = sealed[at + 27 : at + 27 + sealed[at + 26]]
        end = at + 27 + len(lengths) + sum(lengths)
        pack_into("<I", sealed, at + 22, checksum(bytes(sealed[at:end])))
        at = sealed.find(b"OggS", min(end, len(sealed)))
    return bytes(sealed)


TARGETS = {
    "midi": Target(read_notes, midi_files, ".mid", relengthen, 0.5),
    "audio": Target(read_sound, audio_files, ".audio", reseal, 0.9),
}
