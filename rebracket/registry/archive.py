"""Stored models as tar archives at a path or any fsspec URL, checked file by file on the way in.

BentoML's own import extracts whatever an archive holds and fills the store while it does so; here
an archive's first file lists the checksums of all others, nothing but those is written, and never
more than `Bounds` allow. `bentoml models import` reads these archives too.
"""

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO

import bentoml
import fsspec
import yaml

from rebracket.errors import ModelCorrupt, ModelIncompatible, RebracketError, StoreError
from rebracket.registry.checksums import SUMS, as_text, parse, sums, verify
from rebracket.registry.manifest import EXPORTED, MANIFEST, TRAINED, VERSION, read_exported
from rebracket.registry.references import tag_of
from rebracket.registry.store import commit, find, refuse_existing, staging

CHUNK = 2**20
TEXT_BYTES = 4 * 2**20
PICKLED = "custom_objects.pkl"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much an archive may hold: a few bytes can claim to be many."""

    files: int = 64
    total_bytes: int = 4 * 2**30
    sums_bytes: int = 2**16


def export_model(reference: str, target: str, *, overwrite: bool = False) -> str:
    """Write a stored model to a path or URL, which has it whole or not at all; returns its tag.

    Raises:
        ModelNotFound: the store has no such model.
        ModelCorrupt: its files are not as they were saved.
        StoreError: something is there already, or it can't be written there.
    """
    model = find(tag_of(reference))
    folder = Path(model.path)
    digests = verify(folder) or sums(folder)
    with _reached(target) as (system, path):
        if not overwrite and system.exists(path):
            raise StoreError(f"{target} exists; --force overwrites it")
        partial = f"{path}.partial"
        try:
            with system.open(partial, "wb") as file:
                _write(file, folder, digests)
            system.mv(partial, path)
        except BaseException:
            with suppress(Exception):
                system.rm(partial)
            raise
    return str(model.tag)


def import_model(source: str, *, bounds: Bounds = Bounds()) -> str:
    """Put an archive's model into the store, whole or not at all; returns its tag.

    Raises:
        ModelCorrupt: it is not an archive that `export_model` wrote, all of it, unchanged.
        ModelIncompatible: it holds something else than a model of this project.
        StoreError: that version exists, or the archive can't be read.
    """
    with staging() as stage:
        folder = stage / "archive"
        folder.mkdir()
        with _reached(source) as (system, path), system.open(path, "rb") as file:
            _extract(file, source, folder, bounds)
        name, version = _identity(folder)
        refuse_existing(name, version)
        target = stage / name / version
        target.parent.mkdir()
        commit(folder.rename(target))
    return f"{name}:{version}"


def _write(file: IO[bytes], folder: Path, digests: dict[str, str]) -> None:
    with tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        listed = as_text(digests).encode("ascii")
        archive.addfile(_member(SUMS, len(listed)), io.BytesIO(listed))
        for name in digests:
            with (folder / name).open("rb") as content:
                archive.addfile(_member(name, (folder / name).stat().st_size), content)


def _member(name: str, size: int) -> tarfile.TarInfo:
    """Nothing of this machine: no owner, no time."""
    member = tarfile.TarInfo(name)
    member.size = size
    return member


def _extract(file: IO[bytes], source: str, folder: Path, bounds: Bounds) -> None:
    try:
        with tarfile.open(fileobj=file, mode="r|") as archive:
            members = iter(archive)
            waited_for = _listed(archive, next(members, None), source, bounds)
            left = bounds.total_bytes
            for member in members:
                digest = waited_for.pop(member.name, None)
                if digest is None or not member.isreg():
                    raise ModelCorrupt(f"{source} holds {member.name[:80]!r}, which {SUMS} lacks")
                left -= member.size
                if left < 0:
                    raise ModelCorrupt(f"{source} holds more than {bounds.total_bytes} bytes")
                _copy(archive, member, folder / member.name, digest)
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise ModelCorrupt(f"{source} is not a whole archive: {error}") from None
    if waited_for:
        raise ModelCorrupt(f"{source} ends before {min(waited_for)}")


def _listed(
    archive: tarfile.TarFile, first: tarfile.TarInfo | None, source: str, bounds: Bounds
) -> dict[str, str]:
    """What the archive says that it holds. Names are bare: none leads out of the folder."""
    if first is None or first.name != SUMS or not first.isreg() or first.size > bounds.sums_bytes:
        raise ModelCorrupt(
            f"{source} does not begin with {SUMS}: rebracket models export makes one"
        )
    content = archive.extractfile(first)
    assert content is not None
    listed = parse(content.read())
    if len(listed) > bounds.files:
        raise ModelCorrupt(f"{source} holds more than {bounds.files} files")
    return listed


def _copy(archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path, digest: str) -> None:
    content, found = archive.extractfile(member), sha256()
    assert content is not None
    with target.open("wb") as file:
        while chunk := content.read(CHUNK):
            found.update(chunk)
            file.write(chunk)
    if found.hexdigest() != digest:
        raise ModelCorrupt(f"{member.name} does not have the checksum that {SUMS} says")


def _identity(folder: Path) -> tuple[str, str]:
    """Name and version of the model in a folder, after looking whether it can be one of ours."""
    for text in ("model.yaml", MANIFEST):
        if (folder / text).exists() and (folder / text).stat().st_size > TEXT_BYTES:
            raise ModelIncompatible(f"{text} is longer than {TEXT_BYTES} bytes")
    try:
        yaml.safe_load((folder / "model.yaml").read_bytes())  # BentoML logs what it can't read
        tag = bentoml.Model.from_path(folder).tag
    except Exception as error:  # noqa: BLE001 - whatever the file makes of BentoML's reading
        raise ModelIncompatible(f"model.yaml: {_line(error)}") from None
    name, version = tag.name, str(tag.version)
    if name not in (TRAINED, EXPORTED) or not VERSION.fullmatch(version):
        raise ModelIncompatible(f"{tag} is not a {EXPORTED} or {TRAINED} model")
    if (folder / PICKLED).exists():
        raise ModelIncompatible(f"{tag} holds {PICKLED}, which could run code")
    if name == EXPORTED:
        model = read_exported(folder)
        if model.tag != str(tag):
            raise ModelIncompatible(f"model.yaml says {tag}, manifest.json {model.tag}")
        model.require_files()
    return name, version


@contextmanager
def _reached(url: str) -> Iterator[tuple[fsspec.AbstractFileSystem, str]]:
    """The file system of a path or URL; whatever its driver raises becomes one line."""
    try:
        yield fsspec.url_to_fs(url)
    except RebracketError:
        raise
    except Exception as error:  # noqa: BLE001 - drivers share no base for their errors
        raise StoreError(f"{url}: {_line(error)}") from None


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
