"""``mnist-tui data ...``: the datasets on this machine."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.progress import DownloadColumn, Progress

from engine.config import option
from engine.errors import EngineError
from tui.console import console_for
from tui.options import expand, refuse_options_before

if TYPE_CHECKING:
    from engine.data import Dataset

app = typer.Typer(help="The datasets: where they are, whole or not.", rich_markup_mode=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Where:
    """Which torchvision root."""

    data_root: str | None = option(None, "Folder that holds MNIST/raw/.")


@app.callback(invoke_without_command=True)
@expand
def data(context: typer.Context, where: Where) -> None:
    """The datasets: where they are, whole or not."""
    refuse_options_before(context)
    if context.invoked_subcommand is None:
        _print_list(where)


@app.command("list")
@expand
def list_(where: Where) -> None:
    """List the datasets, each verified by the hash of its content."""
    _print_list(where)


def _print_list(where: Where) -> None:
    console = console_for("stdout")
    for name, state in dataset_states(where.data_root):
        console.print(f"{name:<8}{state}", soft_wrap=True)


def dataset_states(data_root: str | None) -> Iterator[tuple[str, str]]:
    """Yield the name and the state of every dataset in every place that is looked in."""
    from engine.data import has_mnist, mnist_roots, open_digits, read_mnist

    for root in mnist_roots(data_root):
        state = "not there (`mnist-tui data fetch mnist` downloads it)"
        if has_mnist(root):
            try:
                state = f"verified, {_counts(read_mnist(root))}"
            except EngineError as error:
                state = f"DAMAGED: {error}"
        yield "mnist", f"{root / 'MNIST' / 'raw'}: {state}"
    digits = open_digits()
    yield "digits", f"{digits.origin}: verified, {_counts(digits)}"


def _counts(dataset: "Dataset") -> str:
    parts = ((len(getattr(dataset, part)), part) for part in ("train", "validation", "test"))
    return " + ".join(f"{n:,} {part}" for n, part in parts)


@app.command()
@expand
def fetch(
    name: Annotated[Literal["mnist", "digits"], typer.Argument(help="Which dataset.")],
    where: Where,
) -> None:
    """Download a dataset, to the user's cache directory or to --data-root, and verify it."""
    from engine.data import cache_root, read_mnist
    from engine.download import DownloadFailed, fetch_mnist

    if name == "digits":
        print("digits travels inside the package; there is nothing to fetch.")
        return
    root = Path(where.data_root) if where.data_root else cache_root()
    with Progress(
        *Progress.get_default_columns()[:1],
        DownloadColumn(),
        console=console_for("stderr"),
        transient=True,
    ) as bars:
        tasks = {}

        def show(file: str, size: int) -> None:
            if file not in tasks:
                tasks[file] = bars.add_task(file, total=None)
            bars.update(tasks[file], completed=size)

        try:
            fetch_mnist(root, progress=show)
        except DownloadFailed as error:
            raise EngineError(
                f"MNIST could not be downloaded: {error} Copy the four files to "
                f"{root / 'MNIST' / 'raw'} by hand, or use --dataset digits."
            ) from None
    dataset = read_mnist(root)
    print(f"mnist in {root / 'MNIST' / 'raw'}: verified, {_counts(dataset)}")
