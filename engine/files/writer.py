"""Writing the files of a run; nothing else writes them.

A run's directory may come from anywhere, links in it too. It is opened itself, never through a
link, and every file is then reached from there: what is written lands in the run or nowhere.
Files appear whole or not at all: each is written beside its place, synced and renamed.
A run that this process drives has a guard, which is asked before each write.
"""

import io
import os
import secrets
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import numpy as np

from engine.errors import EngineError
from engine.files.reader import open_regular

PARTIAL = ".partial"  # the end of a file's name while it is being written

_SAFE = os.O_NOFOLLOW | os.O_CLOEXEC
_WRITES = os.O_WRONLY | os.O_RDWR
_guards: dict[str, Callable[[], None]] = {}  # by the real path of a run


def guard(root: str, check: Callable[[], None]) -> None:
    """Have ``check`` called before whatever this process writes to a run; it raises to forbid it.

    ``root`` is the run's real path.
    """
    _guards[root] = check


def unguard(root: str) -> None:
    """Let a run be written without a check again."""
    _guards.pop(root, None)


def guard_of(root: Path) -> Callable[[], None]:
    """Return what is to be called before each write to a run: nothing where it has no guard."""
    return _guards.get(os.path.realpath(root), _allow) if _guards else _allow


def _allow() -> None:
    """Let anything be written."""


@contextmanager
def open_folder(root: Path, name: str = "") -> Iterator[int]:
    """Yield the descriptor of a run's directory, or of the folder ``name`` below it.

    Folders below are made where they are missing. Raises EngineError where one of them, or the run
    itself, is a link, and OSError where one cannot be opened.
    """
    with ExitStack() as stack:
        path, folder = root, _open_folder(root, root)
        stack.callback(os.close, folder)
        for part in Path(name).parts:
            path = path / part
            with suppress(FileExistsError):
                os.mkdir(part, dir_fd=folder)
            folder = _open_folder(path, part, folder)
            stack.callback(os.close, folder)
        yield folder


def _open_folder(path: Path, name: str | Path, within: int | None = None) -> int:
    try:
        return os.open(name, os.O_RDONLY | os.O_DIRECTORY | _SAFE, dir_fd=within)
    except OSError:
        if not path.is_symlink():
            raise
        remedy = (
            f"use the place that it leads to (--artifacts {path.resolve().parent})"
            if within is None
            else "remove it and try again"
        )
        raise EngineError(f"{path} is a link; nothing is written through it: {remedy}.") from None


def open_file(root: Path, name: str, flags: int) -> int:
    """Open a regular file of a run and return its descriptor; follows no link, never blocks.

    Raises EngineError where it is another kind of thing, and OSError where it cannot be opened.
    """
    if flags & _WRITES:
        guard_of(root)()
    with open_folder(root) as folder:
        return open_regular(root / name, flags, folder=folder)


def write_atomically(
    path: Path,
    content: bytes | memoryview | Iterable[bytes],
    root: Path | None = None,
    mode: int = 0o644,
) -> None:
    """Write a file atomically: after a crash it holds either the old or the new content.

    ``content`` may come in parts, so that not all of it need be in memory. ``root`` is the run that
    it belongs to: nothing from there on may then be a link. A link in the file's own place is
    replaced, never followed. Raises OSError, and EngineError for such links.
    """
    if root is None:  # a place of the user's own choice
        root, path = path.parent.resolve(), path.parent.resolve() / path.name
    check = guard_of(root)
    check()
    with open_folder(root, str(path.parent.relative_to(root))) as folder:
        partial = f".{path.name}.{secrets.token_hex(4)}{PARTIAL}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFE
        handle = os.open(partial, flags, 0o600, dir_fd=folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.writelines([content] if isinstance(content, bytes | memoryview) else content)
                file.flush()
                os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            check()  # again, as that may have taken long
            os.replace(partial, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(partial, dir_fd=folder)
            raise
        os.fsync(folder)


def write_where_chosen(path: Path, content: bytes) -> None:
    """Write a file to a place of the user's own choice; links are followed.

    A device or a pipe there is written to, never replaced. Raises OSError.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():
        target.write_bytes(content)
    else:
        write_atomically(target, content)


def remove_file(root: Path, name: str) -> None:
    """Remove a file of a run, or a link in its place, if it exists. Raises OSError."""
    guard_of(root)()
    with suppress(FileNotFoundError), open_folder(root) as folder:
        os.unlink(name, dir_fd=folder)


def clear_partial(root: Path) -> None:
    """Remove what a killed process left of files that it was writing. Raises OSError."""
    guard_of(root)()
    with open_folder(root) as folder:
        for place in ("", *_folders(folder)):
            with open_folder(root, place) as inner:
                for name in os.listdir(inner):
                    if name.startswith(".") and name.endswith(PARTIAL):
                        with suppress(FileNotFoundError):  # another machine's, done meanwhile
                            os.unlink(name, dir_fd=inner)


def _folders(folder: int) -> list[str]:
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]


def npz_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return the content of an ``.npz`` file; equal arrays give equal bytes, as no time is kept."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy")  # dated 1980
            archive.writestr(entry, npy_bytes(array))
    return buffer.getvalue()


def npy_bytes(array: np.ndarray) -> bytes:
    """Return the content of a ``.npy`` file of an array."""
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()
