"""Decoders under damaged files: `python -m tests.fuzz midi --cases 50000 --seed 1`.

Files of music come from anybody. Whatever their bytes, a decoder reads them or refuses them with one
of two errors; anything else is a failure, and the file that showed it is written down.
"""

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import perf_counter

import click

from rebracket.errors import TooMuchMusic, Undecodable
from rebracket.segment.midi import read_midi, write_midi
from tests.segment.promises import check_notes
from tests.segment.raw_midi import NOTE, OFF, ON, chunk, header, midi, simple, track


@dataclass(frozen=True)
class Target:
    """A decoder that is checked, valid files to damage, and what their names end in.

    `mend` makes lengths agree again after damage, so that it reaches what the lengths enclose; half
    of the cases are mended.
    """

    decode: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    suffix: str
    mend: Callable[[bytes], bytes]


def _midi_seeds() -> tuple[bytes, ...]:
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


def _decode_midi(data: bytes) -> None:
    check_notes(read_midi(data))


def _mend_midi(data: bytes) -> bytes:
    """The same tracks with their lengths right and a plain header."""
    _, *parts = data.split(b"MTrk")
    return midi(*[chunk(b"MTrk", part[4:]) for part in parts])


TARGETS = {"midi": Target(_decode_midi, _midi_seeds(), ".mid", _mend_midi)}


def _flip(data: bytearray, rng: Random) -> None:
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _set(data: bytearray, rng: Random) -> None:
    data[rng.randrange(len(data))] = rng.choice((0, 1, 0x7F, 0x80, 0xF0, 0xFF, rng.randrange(256)))


def _cut(data: bytearray, rng: Random) -> None:
    start = rng.randrange(len(data))
    del data[start : start + rng.choice((1, 4, 16, len(data)))]


def _insert(data: bytearray, rng: Random) -> None:
    at = rng.randrange(len(data) + 1)
    data[at:at] = rng.randbytes(rng.choice((1, 2, 8))) * rng.choice((1, 1, 1, 100))


def _duplicate(data: bytearray, rng: Random) -> None:
    start, at = rng.randrange(len(data)), rng.randrange(len(data) + 1)
    data[at:at] = data[start : start + rng.randrange(1, 64)] * rng.choice((1, 1, 2, 50))


def _lie(data: bytearray, rng: Random) -> None:
    """Another number where a length of four or two bytes may stand, of either byte order."""
    size = rng.choice((2, 4))
    at = rng.randrange(len(data))
    value = rng.choice((0, 1, 2**15, 2 ** (8 * size - 1), 2 ** (8 * size) - 1, rng.randrange(4096)))
    data[at : at + size] = (value % 2 ** (8 * size)).to_bytes(size, rng.choice(("big", "little")))


CHANGES = (_flip, _set, _set, _cut, _insert, _duplicate, _lie)


def damaged(target: Target, rng: Random) -> bytes:
    """One of the valid files with one to six changes, as `rng` has it."""
    data = bytearray(rng.choice(target.seeds))
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        if data:
            rng.choice(CHANGES)(data, rng)
    return target.mend(bytes(data)) if rng.random() < 0.5 else bytes(data)


def outcome(target: Target, data: bytes) -> str:
    """What comes of a file: 'accepted', 'refused', or the name of what should not have come."""
    try:
        target.decode(data)
    except (Undecodable, TooMuchMusic):
        return "refused"
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is a finding
        return type(error).__name__
    return "accepted"


@click.command()
@click.argument("name", type=click.Choice(list(TARGETS)))
@click.option("--cases", default=50_000, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option(
    "--keep",
    default="build/fuzz",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Where files that failed are written.",
)
def main(name: str, cases: int, seed: int, keep: Path) -> None:
    """Damage valid files and decode them; exit code 1 where something other than a refusal came."""
    target, rng = TARGETS[name], Random(seed)
    counts: Counter[str] = Counter()
    slowest = 0.0
    for case in range(cases):
        data = damaged(target, rng)
        begun = perf_counter()
        what = outcome(target, data)
        slowest = max(slowest, perf_counter() - begun)
        counts[what] += 1
        if what not in ("accepted", "refused"):
            keep.mkdir(parents=True, exist_ok=True)
            (keep / f"{name}-{seed}-{case}-{what}{target.suffix}").write_bytes(data)
    crashed = counts.total() - counts["accepted"] - counts["refused"]
    click.echo(f"{name}: {dict(counts)}, crashed {crashed}, slowest {slowest:.3f} s")
    sys.exit(crashed > 0)


if __name__ == "__main__":
    main()
