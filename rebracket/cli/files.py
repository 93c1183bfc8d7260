"""Files that commands write: each whole or not at all, and never over what was read."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from secrets import token_hex

from rebracket.errors import RebracketError

Outputs = Mapping[str, Path]
"""Each option and the file that it names."""


def check_outputs(outputs: Outputs, inputs: Iterable[Path] = ()) -> None:
    """Fail where files can't be written, before anything is made that should go into them.

    Raises:
        RebracketError: a folder is missing, something that is no file has the name, an option names
            one of the `inputs` or the same file as another one; the message names the option.
    """
    inputs = list(inputs)
    for option, path in outputs.items():
        with _names(option, path):
            if not path.parent.is_dir():
                raise RebracketError(f"{option}: {path.parent}: no such folder")
            if path.exists() and not path.is_file():
                raise RebracketError(f"{option}: {path}: not a file that can be written over")
            if any(_same(path, other) for other in inputs):
                raise RebracketError(f"{option}: {path}: this file is read, name another one")
    for (one, path), (other, its) in combinations(outputs.items(), 2):
        if _same(path, its):
            raise RebracketError(f"{other}: {its}: {one} names this file too")


def _same(one: Path, other: Path) -> bool:
    if one.exists() and other.exists():
        return one.samefile(other)
    return one.resolve() == other.resolve()


def write_whole(outputs: Outputs, contents: Mapping[str, bytes]) -> None:
    """Write each option's content under another name, and when all are there give them their own.

    Where a name is a link, what it leads to is written.

    Raises:
        RebracketError: one can't be written, and so none is; the message names the option.
    """
    written: list[tuple[str, Path, Path]] = []
    try:
        for option, data in contents.items():
            path = outputs[option].resolve()
            new = path.with_name(f".rebracket-{token_hex(8)}")
            written.append((option, new, path))
            with _names(option, path):
                new.write_bytes(data)
        for option, new, path in written:
            with _names(option, path):
                new.replace(path)
    finally:
        for _, new, _ in written:
            new.unlink(missing_ok=True)


@contextmanager
def _names(option: str, path: Path) -> Iterator[None]:
    """Say of what the system refuses which option and file it was."""
    try:
        yield
    except OSError as error:
        raise RebracketError(f"{option}: {path}: {error.strerror}") from None
