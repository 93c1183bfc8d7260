"""Archives: what goes out comes back in, and nothing else does."""

import io
import tarfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import bentoml
import fsspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rebracket import registry
from rebracket.config import data_folder
from rebracket.errors import ModelCorrupt, ModelIncompatible, ModelNotFound, StoreError
from rebracket.registry import EXPORTED, checksums, resolve
from rebracket.registry.archive import Bounds, export_model, import_model
from rebracket.registry.checksums import SUMS
from rebracket.registry.lifecycle import delete
from tests.small_store import Save

Files = dict[str, bytes]


@pytest.fixture
def archive(save: Save, tmp_path: Path) -> Path:
    """An archive of 1.0.0, which the store does not have any more."""
    save("1.0.0")
    path = tmp_path / "model.tar"
    export_model("1.0.0", str(path))
    delete("1.0.0")
    return path


def read(path: Path) -> Files:
    with tarfile.open(path) as opened:
        return {m.name: opened.extractfile(m).read() for m in opened}  # type: ignore[union-attr]


def write(path: Path, files: Files, *, summed: bool = True) -> str:
    """An archive of any content, with right checksums."""
    rest = {name: content for name, content in files.items() if name != SUMS}
    lines = "".join(f"{sha256(content).hexdigest()}  {name}\n" for name, content in rest.items())
    with tarfile.open(path, "w") as opened:
        for name, content in ({SUMS: lines.encode(), **rest} if summed else rest).items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            opened.addfile(member, io.BytesIO(content))
    return str(path)


def refused(source: str, error: type[StoreError], message: str, **bounds: int) -> None:
    """An import fails in one line, and leaves the store and its staging folder as they were."""
    before = [str(model.tag) for model in registry.stored()]
    with pytest.raises(error, match=message) as caught:
        import_model(source, bounds=Bounds(**bounds))
    assert "\n" not in str(caught.value)
    assert [str(model.tag) for model in registry.stored()] == before
    assert list((data_folder() / "staging").iterdir()) == []


def test_an_export_comes_back_as_it_was(archive: Path) -> None:
    assert import_model(str(archive)) == f"{EXPORTED}:1.0.0"
    model = resolve("1.0.0")
    assert checksums.verify(model.path) == checksums.sums(model.path)
    stored = bentoml.models.get(model.tag)
    assert stored.info.metadata == {"metrics": {"macro_f1": 0.5}, "data_hash": "abc"}
    assert resolve("latest") == model


def test_exports_are_the_same_bytes_each_time(save: Save, tmp_path: Path) -> None:
    save("1.0.0")
    paths = [tmp_path / name for name in ("a.tar", "b.tar")]
    for path in paths:
        export_model("1.0.0", str(path))
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.fixture
def memory() -> Iterator[str]:
    """A file system that is not this machine's."""
    yield "memory://bucket/model.tar"
    fsspec.filesystem("memory").store.clear()


def test_any_fsspec_url_will_do(save: Save, memory: str) -> None:
    save("1.0.0")
    assert export_model("1.0.0", memory) == f"{EXPORTED}:1.0.0"
    assert fsspec.filesystem("memory").find("/") == ["/bucket/model.tar"]
    delete("1.0.0")
    assert import_model(memory) == f"{EXPORTED}:1.0.0"


def test_bentoml_imports_an_export_too(archive: Path) -> None:
    assert str(bentoml.models.import_model(str(archive)).tag) == f"{EXPORTED}:1.0.0"
    assert checksums.verify(resolve("1.0.0").path)


def test_a_version_that_is_there_is_not_imported(save: Save, archive: Path) -> None:
    save("1.0.0")
    refused(str(archive), StoreError, "immutable")


def test_a_file_that_is_there_is_not_overwritten(save: Save, archive: Path) -> None:
    save("2.0.0")
    with pytest.raises(StoreError, match="exists; --force overwrites it"):
        export_model("2.0.0", str(archive))
    export_model("2.0.0", str(archive), overwrite=True)
    delete("2.0.0")
    assert import_model(str(archive)) == f"{EXPORTED}:2.0.0"


def test_an_export_that_fails_leaves_no_file(
    save: Save, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save("1.0.0")

    def full(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(tarfile.TarFile, "addfile", full)
    target = tmp_path / "out" / "model.tar"
    target.parent.mkdir()
    with pytest.raises(StoreError, match="No space left"):
        export_model("1.0.0", str(target))
    assert list(target.parent.iterdir()) == []


def test_a_changed_model_is_not_exported(save: Save, tmp_path: Path) -> None:
    save("1.0.0")
    (resolve("1.0.0").path / "card.md").write_text("# Another\n")
    with pytest.raises(ModelCorrupt, match=r"card\.md"):
        export_model("1.0.0", str(tmp_path / "model.tar"))


def test_a_missing_model_or_archive_is_named(save: Save, tmp_path: Path) -> None:
    save("1.0.0")
    with pytest.raises(ModelNotFound, match="there: rebracket"):
        export_model("3.0.0", str(tmp_path / "model.tar"))
    refused(str(tmp_path / "no.tar"), StoreError, r"no\.tar")
    refused("nosuch://a/b", StoreError, "nosuch")
    refused(str(tmp_path), StoreError, "directory")


@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_cut_or_changed_archive_is_refused(archive: Path, data: st.DataObject) -> None:
    """Every file's every byte counts; what stands between files may be refused or not."""
    whole = archive.read_bytes()
    bad = archive.with_name("bad.tar")
    end = len(whole.rstrip(b"\0"))
    if data.draw(st.booleans()):
        bad.write_bytes(whole[: data.draw(st.integers(0, end - 1))])
        refused(str(bad), StoreError, ".")
        return
    with tarfile.open(archive) as opened:
        starts = [(member.offset_data, member.size) for member in opened]
    start, size = data.draw(st.sampled_from(starts))
    place = start + data.draw(st.integers(0, size - 1))
    changed = bytearray(whole)
    changed[place] ^= data.draw(st.integers(1, 255))
    bad.write_bytes(bytes(changed))
    refused(str(bad), StoreError, ".")


def _link(kind: bytes) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        with tarfile.open(path, "w") as opened:
            lines = f"{'0' * 64}  card.md\n".encode()
            member = tarfile.TarInfo(SUMS)
            member.size = len(lines)
            opened.addfile(member, io.BytesIO(lines))
            link = tarfile.TarInfo("card.md")
            link.type, link.linkname = kind, "/etc/passwd"
            opened.addfile(link)

    return make


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE]
)
def test_only_plain_files_are_taken(home: Path, tmp_path: Path, kind: bytes) -> None:
    assert home
    _link(kind)(tmp_path / "bad.tar")
    refused(str(tmp_path / "bad.tar"), ModelCorrupt, "holds 'card.md'")


@pytest.mark.parametrize(
    ("name", "message"),
    [("../escaped", "not a list"), ("/etc/escaped", "not a list"), (".hidden", "not a list")],
)
def test_no_name_leads_out_of_the_folder(archive: Path, name: str, message: str) -> None:
    files = read(archive) | {name: b"x"}
    refused(write(archive, files), ModelCorrupt, message)
    unlisted = {SUMS: read(archive)[SUMS], **{n: c for n, c in files.items() if n != SUMS}}
    write(archive, unlisted, summed=False)
    refused(str(archive), ModelCorrupt, "does not begin with SHA256SUMS")


def test_an_unlisted_or_repeated_file_is_refused(archive: Path) -> None:
    with tarfile.open(archive, "a") as opened:
        opened.addfile(tarfile.TarInfo("card.md"))
    refused(str(archive), ModelCorrupt, r"holds 'card\.md', which SHA256SUMS lacks")


def test_archives_are_bounded(archive: Path) -> None:
    refused(str(archive), ModelCorrupt, "more than 100 bytes", total_bytes=100)
    refused(str(archive), ModelCorrupt, "more than 2 files", files=2)
    refused(str(archive), ModelCorrupt, "does not begin", sums_bytes=10)


def test_compressed_and_foreign_files_are_refused(archive: Path) -> None:
    content = archive.read_bytes()
    with tarfile.open(archive, "w:gz") as opened:
        opened.addfile(tarfile.TarInfo(SUMS))
    refused(str(archive), ModelCorrupt, "not a whole archive")
    for foreign in (b"", b"PK\x03\x04" + content, b"\0" * 4096):
        archive.write_bytes(foreign)
        refused(str(archive), ModelCorrupt, "not a whole archive|does not begin")


@pytest.mark.parametrize(
    ("file", "old", "new", "error"),
    [
        ("model.yaml", b"name: rebracket-segment", b"name: other", "is not a rebracket-segment"),
        ("model.yaml", b"version: 1.0.0", b"version: 2.0.0", "manifest.json rebracket"),
        ("model.yaml", b"version: 1.0.0", b"version: ../../up", r"model\.yaml|is not a"),
        ("model.yaml", b"name:", b"nom:", r"model\.yaml"),
        ("model.yaml", b"name:", b"\t", r"model\.yaml"),
        ("model.yaml", b"labels: {}", b"labels: 5", r"model\.yaml"),
        ("model.yaml", b"name:", b" " * 5_000_000 + b"name:", "longer than"),
        ("manifest.json", b'"format":1', b'"format":7', "format"),
        ("tokenizer.json", None, b"", r"lacks tokenizer\.json"),
        ("model.int8.onnx", None, b"", r"lacks model\.int8\.onnx"),
        ("custom_objects.pkl", None, b"cos\nsystem\n", "could run code"),
    ],
)
def test_an_archive_of_something_else_is_refused(
    archive: Path, file: str, old: bytes | None, new: bytes, error: str
) -> None:
    files = read(archive)
    if old is not None:
        assert old in files[file]
        files[file] = files[file].replace(old, new, 1)
    elif new:
        files[file] = new
    else:
        del files[file]
    refused(write(archive, files), ModelIncompatible, error)
