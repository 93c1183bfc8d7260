"""SHA-256 of every file of a model, in a file that `sha256sum --check` reads too."""

import os
import re
from hashlib import file_digest
from pathlib import Path

from rebracket.errors import ModelCorrupt

SUMS = "SHA256SUMS"
LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9][A-Za-z0-9._-]{0,127})")


def seal(folder: Path) -> None:
    """Write the sums of a folder's files, and all of it to the disk."""
    found = sums(folder)
    (folder / SUMS).write_text(as_text(found), encoding="ascii")
    for path in (*(folder / name for name in found), folder / SUMS, folder):
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def verify(folder: Path) -> dict[str, str] | None:
    """The sums of a sealed folder, after comparing them; None where it was never sealed.

    Raises:
        ModelCorrupt: names a file that is not as it was.
    """
    if not (folder / SUMS).is_file():
        return None
    wanted, found = parse((folder / SUMS).read_bytes()), sums(folder)
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            raise ModelCorrupt(f"{name} of {folder} has changed since the model was saved")
    return wanted


def sums(folder: Path) -> dict[str, str]:
    """Hexadecimal digests by file name, but for that of the sums themselves."""
    found = {}
    for path in sorted(folder.iterdir()):
        if path.name != SUMS:
            with path.open("rb") as file:
                found[path.name] = file_digest(file, "sha256").hexdigest()
    return found


def as_text(found: dict[str, str]) -> str:
    """The content of the file of sums."""
    return "".join(f"{digest}  {name}\n" for name, digest in found.items())


def parse(content: bytes) -> dict[str, str]:
    """Sums by file name.

    Raises:
        ModelCorrupt: the content is no list of sums, or names a file twice.
    """
    *lines, rest = content.decode("ascii", "replace").split("\n")
    matches = [match for line in lines if (match := LINE.fullmatch(line))]
    found = {match[2]: match[1] for match in matches}
    if not found or rest or len(found) != len(lines):
        raise ModelCorrupt(f"{SUMS} is not a list of checksums")
    return found
