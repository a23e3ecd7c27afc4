"""``mnist-tui data ...``: the datasets on this machine."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from engine.errors import EngineError
from engine.options import option
from tui.cli.options import AsJson, expand, refuse_options_before
from tui.console import console_for, say, say_json

if TYPE_CHECKING:
    from engine.data.dataset import Dataset

app = typer.Typer(
    help="Find, verify and download datasets.",
    rich_markup_mode=None,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Where:
    """Where MNIST is."""

    data_root: str | None = option(None, "Folder that holds MNIST/raw/.", path=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A dataset as found in one place."""

    name: str
    place: str
    state: str  # verified, damaged or absent
    train: int | None = None  # counts of images, if verified
    validation: int | None = None
    test: int | None = None
    message: str = ""  # what is damaged

    @property
    def words(self) -> str:
        """Place and state in a line."""
        match self.state:
            case "verified":
                counts = f"{self.train:,} train + {self.validation:,} validation"
                return f"{self.place}: verified, {counts} + {self.test:,} test"
            case "damaged":
                return f"{self.place}: DAMAGED: {self.message}"
        return f"{self.place}: not found (`mnist-tui data fetch mnist` downloads it)"


@app.callback(invoke_without_command=True)
@expand
def data(context: typer.Context, where: Where, json_: AsJson = False) -> None:
    """List the datasets, unless a command follows."""
    refuse_options_before(context)
    if context.invoked_subcommand is None:
        _print_list(where, json_)


@app.command("list")
@expand
def list_(where: Where, json_: AsJson = False) -> None:
    """List the datasets, each verified by the hash of its content."""
    _print_list(where, json_)


def _print_list(where: Where, json_: bool) -> None:
    found = dataset_states(where.data_root)
    if json_:
        say_json([asdict(each) for each in found])
        return
    for each in found:
        say(f"{each.name:<8}{each.words}")


def dataset_states(data_root: str | None) -> Iterator[Found]:
    """Yield the state of every dataset in every place searched."""
    from engine.data.dataset import has_mnist, mnist_roots, open_digits, read_mnist

    for root in mnist_roots(data_root):
        place = str(root / "MNIST" / "raw")
        try:
            verified = read_mnist(root) if has_mnist(root) else None
        except EngineError as error:
            yield Found(name="mnist", place=place, state="damaged", message=str(error))
        else:
            yield _found(verified, place) if verified else Found(
                name="mnist", place=place, state="absent"
            )  # fmt: skip
    digits = open_digits()
    yield _found(digits, digits.origin)


def _found(dataset: "Dataset", place: str) -> Found:
    return Found(
        name=dataset.name,
        place=place,
        state="verified",
        train=len(dataset.train),
        validation=len(dataset.validation),
        test=len(dataset.test),
    )


@app.command()
@expand
def fetch(
    name: Annotated[
        Literal["mnist", "digits"], typer.Argument(metavar="NAME", help="mnist or digits.")
    ],
    where: Where,
) -> None:
    """Download a dataset and verify it. It goes to the user's cache, or to --data-root."""
    from engine.data.dataset import cache_root, read_mnist
    from engine.data.download import SIZES, DownloadFailed, fetch_mnist

    if name == "digits":
        say("digits comes with the package; there is nothing to fetch.")
        return
    root = Path(where.data_root) if where.data_root else cache_root()
    console = console_for("stderr")
    from rich.progress import DownloadColumn, Progress

    from tui.cli.progress import Words

    with Progress(
        Words("{task.description}"),
        DownloadColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,  # there it would leave an empty line
    ) as bars:
        tasks = {}

        def show(file: str, size: int) -> None:
            if file not in tasks:
                tasks[file] = bars.add_task(file, total=SIZES[file])
            bars.update(tasks[file], completed=size)

        try:
            fetch_mnist(root, progress=show)
        except DownloadFailed as error:
            raise EngineError(
                f"MNIST could not be downloaded: {error} Copy the four files to "
                f"{root / 'MNIST' / 'raw'} by hand, or use --dataset digits."
            ) from None
    say(f"mnist in {_found(read_mnist(root), str(root / 'MNIST' / 'raw')).words}")
