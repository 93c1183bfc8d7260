"""Damaged files, thousands of them: `python -m tests.fuzz audio --cases 50000 --seed 1`.

A decoder may answer or refuse a damaged file, with one of the two errors for it, and nothing else:
no other exception, no crash of a C library, no endless loop. Cases run in child processes, and what
went wrong is written to build/fuzz. Every case follows from the seed and its number.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from struct import pack, pack_into

import numpy as np

from rebracket.errors import TooMuchMusic, Undecodable
from rebracket.segment.audio import MAX_SECONDS, MIN_SECONDS, read_audio
from rebracket.segment.ogg import checksum
from tests.segment.audio_files import small_files


def read_sound(data: bytes) -> None:
    """Read audio twice: what comes out is sound, and the same again, so no memory left over."""
    sound, again = read_audio(data), read_audio(data)
    assert sound.samples.shape[0] in {1, 2}
    assert MIN_SECONDS <= sound.seconds <= MAX_SECONDS
    assert np.abs(sound.samples).max() <= 1
    assert np.array_equal(sound.samples, again.samples)


TARGETS: dict[str, tuple[Callable[[bytes], object], Callable[[], list[bytes]]]] = {
    "audio": (read_sound, lambda: list(small_files().values())),
}
"""What can be fuzzed: a decoder, and valid files for it."""

CHUNK = 500
"""Cases for one child process."""

PATIENCE_S = 20
"""How long a case may take."""

MEMORY = 4 * 2**30
"""Bytes of address space for a child: a file that asks for more fails."""

SIZES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
"""What a size is set to when it lies."""

KINDS = ("flip", "set", "cut", "insert", "double", "drop", "little", "big")


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
        flipped = bytes(old ^ 1 << self.value % 8 for old in span[:1])
        damages = {
            "flip": flipped + data[at + 1 :],
            "set": byte * len(span) + after,
            "cut": b"",
            "insert": byte * self.length + span + after,
            "double": span + span + after,
            "drop": after,
            "little": pack("<I", size) + data[at + 4 :],
            "big": pack(">I", size) + data[at + 4 :],
        }
        return before + damages[self.kind]


def reseal(data: bytes) -> bytes:
    """An Ogg file with the checksums that its pages should have, so that damage gets past them."""
    sealed = bytearray(data)
    at = sealed.find(b"OggS")
    while at >= 0 and at + 27 <= len(sealed):
        lengths = sealed[at + 27 : at + 27 + sealed[at + 26]]
        end = at + 27 + len(lengths) + sum(lengths)
        pack_into("<I", sealed, at + 22, checksum(bytes(sealed[at:end])))
        at = sealed.find(b"OggS", min(end, len(sealed)))
    return bytes(sealed)


def damaged(files: list[bytes], seed: int, case: int) -> bytes:
    """The file of a case."""
    random = Random(f"{seed}/{case}")
    data = random.choice(files)
    for _ in range(random.choice((1, 1, 2, 3, 8))):
        # Half of the damage to the first bytes, where the headers are.
        where = random.random() * random.choice((1, min(1, 64 / len(data) if data else 1)))
        length = random.choice((1, 2, 4, 16, 200, 3000))
        data = Edit(random.choice(KINDS), where, length, random.randrange(256)).apply(data)
    return reseal(data) if data.startswith(b"OggS") and random.random() < 0.9 else data


@dataclass
class Report:
    """How often each outcome came, the slowest case, and what went wrong."""

    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, int] = (0.0, -1)
    wrong: list[tuple[int, str]] = field(default_factory=list)

    def add(self, case: int, outcome: str, seconds: float) -> None:
        """Count one case."""
        self.outcomes[outcome.partition(":")[0]] += 1
        self.slowest = max(self.slowest, (seconds, case))
        if outcome not in {"accepted", "refused", "too much"}:
            self.wrong.append((case, outcome))


def outcome_of(decode: Callable[[bytes], object], data: bytes) -> str:
    """What became of a file."""
    try:
        decode(data)
    except Undecodable:
        return "refused"
    except TooMuchMusic:
        return "too much"
    except BaseException as error:  # noqa: BLE001 - any other is what is looked for
        return f"failed: {error!r}"
    return "accepted"


def child(target: str, seed: int, cases: range, results: Connection, noise: str) -> None:
    """Run the cases, sending each one's outcome; what C code prints goes to a file."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.dup2(os.open(noise, os.O_WRONLY | os.O_APPEND), 2)
    warnings.simplefilter("error")
    decode, valid = TARGETS[target]
    files = valid()
    for case in cases:
        data = damaged(files, seed, case)
        start = time.perf_counter()
        outcome = outcome_of(decode, data)
        results.send((case, outcome, time.perf_counter() - start))


def chunk(target: str, seed: int, cases: range, noise: str) -> Iterator[tuple[int, str, float]]:
    """The outcomes of cases in one child process, up to one that ends it."""
    context = get_context("fork")
    results, sender = context.Pipe(duplex=False)
    process = context.Process(target=child, args=(target, seed, cases, sender, noise))
    process.start()
    sender.close()
    due = cases.start
    try:
        while due < cases.stop and results.poll(PATIENCE_S):
            yield results.recv()
            due += 1
    except EOFError:
        process.join()
        yield due, f"crashed: {process.exitcode}", 0.0
        return
    if due < cases.stop:
        process.kill()
        yield due, "hung", float(PATIENCE_S)
    process.join()


def run(target: str, cases: int, seed: int) -> Report:
    """All cases, in as many child processes as they need; with what C code printed checked."""
    report = Report()
    done = 0
    with tempfile.NamedTemporaryFile() as noise:
        while done < cases:
            here = range(done, min(cases, done - done % CHUNK + CHUNK))
            for case, outcome, seconds in chunk(target, seed, here, noise.name):
                report.add(case, outcome, seconds)
                done = case + 1
            print(f"\r{done}/{cases} {dict(report.outcomes)}", end="", file=sys.stderr)  # noqa: T201
        printed = Path(noise.name).read_bytes()
    if b"Traceback" in printed:
        report.wrong.append((-1, f"printed: {printed[printed.find(b'Traceback') :][:2000]!r}"))
    return report


def main() -> None:
    """Fuzz, report, and keep the files of what went wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    report = run(options.target, options.cases, options.seed)
    files = TARGETS[options.target][1]()
    folder = Path("build/fuzz")
    folder.mkdir(parents=True, exist_ok=True)
    for case, outcome in report.wrong:
        print(f"case {case}: {outcome}")  # noqa: T201
        if case >= 0:
            name = f"{options.target}-{options.seed}-{case}"
            (folder / name).write_bytes(damaged(files, options.seed, case))
    seconds, case = report.slowest
    print(f"\n{dict(report.outcomes)}, slowest {seconds:.2f} s (case {case})")  # noqa: T201
    sys.exit(bool(report.wrong))


if __name__ == "__main__":
    main()
