"""``mnist-tui data ...``: the datasets on this machine."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.data.known import MNIST_LIKE, NAMES, NPZ, ROOT, MnistLike, title_of
from engine.errors import EngineError
from engine.options import check_choice, option
from tui.cli.completion import one_of, one_of_or_file
from tui.cli.options import AsJson, expand, refuse_options_before
from tui.console import complain, console_for, say, say_json

if TYPE_CHECKING:
    from engine.data.dataset import Dataset

app = typer.Typer(
    help="Find, verify, show and download datasets.",
    rich_markup_mode=None,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Where:
    """Where the datasets are."""

    data_root: str | None = option(None, f"{ROOT}.", path=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A dataset as found in one place."""

    name: str
    place: str
    state: str  # verified, unverified (there is no checksum of its content), damaged or absent
    train: int | None = None  # counts of images, if they could be read
    validation: int | None = None
    test: int | None = None
    message: str = ""  # what is damaged

    @property
    def words(self) -> str:
        """Place and state in a line."""
        match self.state:
            case "absent":
                fetch = f"`mnist-tui data fetch {self.name}` downloads it"
                return f"{self.place}: not found ({fetch})"
            case "damaged":
                return f"{self.place}: DAMAGED: {self.message}"
        counts = f"{self.train:,} train + {self.validation:,} validation"
        return f"{self.place}: {self.state}, {counts} + {self.test:,} test"


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
    for each in in_short(found):
        say(f"{each.name:<15}{each.words}")


def dataset_states(data_root: str | None) -> Iterator[Found]:
    """Yield the state of every dataset in every place searched."""
    from engine.data.digits import open_digits

    for known in MNIST_LIKE.values():
        yield from _states(known, data_root)
    digits = open_digits()
    yield _found(digits, digits.origin)


def _states(known: MnistLike, data_root: str | None) -> Iterator[Found]:
    from engine.data.idx import is_there, places, read_idx

    state = "verified" if known.sha256 else "unverified"
    for place in places(known, data_root):
        folder = str(place.folder)
        try:
            read = read_idx(known, place) if is_there(place) else None
        except EngineError as error:
            yield Found(name=known.name, place=folder, state="damaged", message=str(error))
        else:
            yield _found(read, folder, state) if read else Found(
                name=known.name, place=folder, state="absent"
            )  # fmt: skip


def in_short(states: Iterable[Found]) -> Iterator[Found]:
    """Yield where each dataset is, or else once that it is in none of the places."""
    for _, every in groupby(states, lambda each: each.name):
        each = list(every)
        there = [one for one in each if one.state != "absent"]
        yield from there or [replace(each[0], place=", ".join(one.place for one in each))]


def _found(dataset: "Dataset", place: str, state: str = "verified") -> Found:
    return Found(
        name=dataset.name,
        place=place,
        state=state,
        train=len(dataset.train),
        validation=len(dataset.validation),
        test=len(dataset.test),
    )


@app.command()
@expand
def show(
    name: Annotated[
        str,
        typer.Argument(
            metavar=f"NAME|FILE{NPZ}",
            help=f"{', '.join(NAMES)}, or a {NPZ} file of your own.",
            autocompletion=one_of_or_file(NAMES, NPZ),
        ),
    ],
    where: Where,
    json_: AsJson = False,
) -> None:
    """Show a dataset: sixteen images, and the number of images in each class."""
    check_choice("NAME", name, NAMES, NPZ)
    from engine.data.idx import find_idx
    from engine.data.open import open_dataset
    from tui.cli.gallery import counts_of, print_dataset

    if known := MNIST_LIKE.get(name):
        data = find_idx(known, where.data_root)
    else:
        data = open_dataset(name, where.data_root, warn=complain)
    if json_:
        found = {"title": title_of(data.name), "origin": data.origin, "counts": counts_of(data)}
        say_json(data.describe() | found)
        return
    print_dataset(data, console_for("stdout"))


@app.command()
@expand
def fetch(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help=f"{', '.join(NAMES)}.", autocompletion=one_of(NAMES)),
    ],
    where: Where,
) -> None:
    """Download a dataset and verify it. It goes to the user's cache, or to --data-root."""
    check_choice("NAME", name, NAMES)
    from engine.data import download
    from engine.data.idx import cache_root, place_in, read_idx

    if name == "digits":
        say("digits comes with the package; there is nothing to fetch.")
        return
    known = MNIST_LIKE[name]
    root = Path(where.data_root) if where.data_root else cache_root()
    place = place_in(known, root)
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
                tasks[file] = bars.add_task(file, total=known.archives[file])
            bars.update(tasks[file], completed=size)

        try:
            download.fetch(known, root, progress=show)
        except download.DownloadFailed as error:
            raise EngineError(
                f"{known.title} could not be downloaded: {error} Copy the four files to "
                f"{place.folder} by hand, or use --dataset digits."
            ) from None
    # The checksums of what was downloaded are known for each of them.
    say(f"{name} in {_found(read_idx(known, place), str(place.folder)).words}")
