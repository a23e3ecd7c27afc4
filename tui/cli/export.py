"""``mnist-tui runs export``: a run as a file for other programs."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from engine.errors import UsageError
from engine.runs.store import find_run
from tui.cli.options import RunName, Trust, Where, expand
from tui.console import say, say_text

STDOUT = "-"


@expand
def export(
    run: RunName,
    where: Where,
    to: Annotated[
        Literal["csv", "safetensors", "onnx", "npz"] | None,
        typer.Option(
            "--to",
            help="csv: every metric, one row per step. safetensors: weights, noises or images. "
            "npz: these, answers and metrics, for NumPy. onnx: a trained network (needs "
            "pip install 'mnist-tui[export]').",
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            help="File to write; with --to, RUN.FORMAT in the current folder by default. - is "
            "standard output, for CSV only.",
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
        raise UsageError(f"Only CSV is printed; give --output a file that ends in .{to}.")
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
