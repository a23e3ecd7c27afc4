"""``mnist-tui runs export``: a run as a file for other programs."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from engine.errors import EngineError, UsageError
from engine.runs.store import find_run
from tui.cli.options import RunName, Trust, Where, expand
from tui.console import say, say_text

STDOUT, TENSORBOARD = "-", "tensorboard"


@expand
def export(
    run: RunName,
    where: Where,
    to: Annotated[
        Literal["csv", "safetensors", "onnx", "npz", "tensorboard"] | None,
        typer.Option(
            "--to",
            help="csv: every metric, one row per step. safetensors: weights, noises or images. "
            "npz: the same plus answers and metrics, for NumPy. onnx: a trained network (needs "
            "pip install 'mnist-tui[export]'). tensorboard: a folder of metrics and images, of a "
            "sweep too (needs pip install 'mnist-tui[tensorboard]').",
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            help="File to write, or folder for tensorboard. With --to, the default is RUN.FORMAT "
            "in the current folder. - is standard output, for CSV only.",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite the file if it exists.")
    ] = False,
    trust: Trust = False,
) -> None:
    """Export a run to a file. Without --to or --output, print its metrics as CSV."""
    from engine.analysis import export as exports

    if output == STDOUT and to not in (None, "csv"):
        if to == TENSORBOARD:
            raise UsageError("Only CSV is printed; give --output a folder.")
        raise UsageError(f"Only CSV is printed; give --output a file that ends in .{to}.")
    if to == TENSORBOARD:
        say(str(_to_tensorboard(Path(where.artifacts), run, output, force=force)))
        return
    format_ = to or "csv"
    printed = output == STDOUT or (to is None and output is None)
    if output is not None and not printed:
        exports.check_name(Path(output), format_)
    found = find_run(Path(where.artifacts), run)
    if trust:
        from engine.trust import trust_code

        trust_code(found.path.parent, [found.id])
    if printed:
        for part in exports.export_csv(found):
            say_text(part)
    else:
        path = Path(output or f"{found.id}.{format_}")
        say(str(exports.export(found, format_, path, force=force)))


def _to_tensorboard(artifacts: Path, name: str, output: str | None, *, force: bool) -> Path:
    """Export a run, or all that a sweep has begun. Raises EngineError."""
    from engine.analysis.export.tensorboard import export_runs
    from engine.sweeps.sweep import find_sweep

    try:
        found = find_run(artifacts, name)
        runs, id_, nested = [found], found.id, False
    except EngineError as error:
        try:
            sweep = find_sweep(artifacts, name)
        except EngineError:
            raise error from None
        runs, id_, nested = sweep.begun_runs(), sweep.id, True
        if not runs:
            raise EngineError(f"Sweep {id_} has begun no run yet.") from None
    path = Path(output or f"{id_}.{TENSORBOARD}")
    return export_runs(runs, path, nested=nested, force=force)
