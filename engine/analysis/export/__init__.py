"""A run as a file for other programs: CSV, safetensors, NumPy or ONNX."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from engine import sections
from engine.analysis.export.table import export_csv
from engine.errors import EngineError, UsageError
from engine.files.writer import write_atomically
from engine.hints import hint
from engine.runs.run import Run

__all__ = ["FORMATS", "check_name", "export", "export_csv"]


def _csv(run: Run) -> Iterable[bytes]:
    return (part.encode() for part in export_csv(run))


def _safetensors(run: Run) -> Iterable[bytes]:
    from engine.analysis.export.tensors import safetensors_bytes

    return [safetensors_bytes(run)]


def _npz(run: Run) -> Iterable[bytes]:
    from engine.analysis.export.tensors import npz_of

    return [npz_of(run)]


def _onnx(run: Run) -> Iterable[bytes]:
    from engine.analysis.export.graph import onnx_of

    return [onnx_of(run)]


# The formats by name, which is also the end of a file's name; each yields the file's content.
FORMATS: dict[str, Callable[[Run], Iterable[bytes]]] = {
    "csv": _csv,
    "safetensors": _safetensors,
    "onnx": _onnx,
    "npz": _npz,
}


def check_name(path: Path, to: str) -> None:
    """Raise UsageError unless a file's name ends as those of a format do; a folder's need not.

    Raises EngineError where there can be no such name.
    """
    with writing_to(path):
        is_folder = path.is_dir()
    if path.suffix.lower() != f".{to}" and not is_folder:
        ending = path.suffix.lower().removeprefix(".")
        other = f", or choose --to {ending}" if ending in FORMATS else ""
        raise UsageError(f"{path} does not end in .{to}; choose such a name{other}.")


@contextmanager
def writing_to(path: Path) -> Iterator[None]:
    """Raise EngineError for the OSError that looking at a path or writing there raises."""
    try:
        yield
    except OSError as error:
        raise EngineError(
            f"{path} cannot be written ({error.strerror or error}); choose another --output."
        ) from None


def export(run: Run, to: str, path: Path, *, force: bool = False) -> Path:
    """Write a run to a file in a format, whole or not at all; return the file's full path.

    Anything that lies there is kept unless ``force`` is given, and then only a file is replaced.
    Raises EngineError where the run does not have what the format holds, or cannot be written.
    """
    with writing_to(path):
        if path.is_dir():
            raise EngineError(f"{path} is a folder; give --output a file in it.")
        if path.exists() and not path.is_file():
            raise EngineError(f"{path} is not a regular file; choose another --output.")
        if not force and (path.exists() or path.is_symlink()):
            raise EngineError(f"{path} exists already; --force overwrites it.")
    if to != "csv":
        _check_whole(run, to)
    with writing_to(path):
        write_atomically(path, FORMATS[to](run))
        return path.resolve()


def _check_whole(run: Run, to: str) -> None:
    """Raise EngineError unless a run has what a format other than CSV holds, as it was left."""
    info = run.read_info()
    section = sections.find(info["section"])
    if to == "onnx" and not section.trains:
        raise EngineError(
            f"Run {run.id} trained no network, and only networks are exported to ONNX; "
            "choose --to safetensors or npz."
        )
    if info["status"] != "finished":
        raise EngineError(
            f"Run {run.id} is {run.read_status()}, and only a finished one can be exported to "
            f"{to}; --to csv exports what it has measured."
        )
    recorded = {
        name: digest for name, digest in info.get("sha256", {}).items() if name in section.files
    }
    for name, digest in run.hashes(recorded).items():
        if digest != recorded[name]:
            raise EngineError(
                f"{name} of run {run.id} has changed since the run finished; "
                f"{hint(run.path.parent, 'runs', 'verify', run.id)} says more."
            )
