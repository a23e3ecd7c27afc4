"""What `sweep run` can be asked beside the options of the runs themselves."""

import inspect
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from engine.options import check_fields, option, options_of
from tui.cli.options import Output, Trust

EXECUTORS = ("local", "ray", "slurm")


@dataclass(frozen=True, kw_only=True, slots=True)
class How:
    """How a sweep is executed."""

    executor: str = option("local", "What executes the runs.", choices=EXECUTORS)
    jobs: int | None = option(
        None, "Runs at a time; by default, as many as the cores or GPUs can take.", low=1, high=4096
    )
    address: str | None = option(
        None, "Address of a Ray cluster; by default one is started on this machine."
    )
    sbatch: str | None = option(
        None, "With slurm: more options for sbatch, like '--time=60 --partition=short'."
    )
    array_limit: int | None = option(
        None, "With slurm: largest job array, if SLURM cannot be asked.", low=1
    )

    def __post_init__(self) -> None:
        check_fields(self)


Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=V,V",
        help="An option and its values; can be repeated.",
        show_envvar=False,
    ),
]
Seeds = Annotated[
    str | None,
    typer.Option("--seeds", metavar="A..B", help="Seeds, both ends included: 0..9 or 0..4,7."),
]
Networks = Annotated[
    list[str] | None,
    typer.Option(
        "--network", metavar="MODEL",
        help="A network to be trained with each seed first, then attacked or visualized; can be "
        "repeated.",
    ),
]  # fmt: skip
Name = Annotated[str | None, typer.Option("--name", help="Name of the sweep.")]
Print = Annotated[
    bool, typer.Option("--print", help="With slurm: print the script, submit nothing.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Print the plan and about how long it takes; run nothing.")
]
Detach = Annotated[
    bool, typer.Option("--detach", help="Run it in the background: print its id and return.")
]
Figures = Annotated[
    bool,
    typer.Option(
        "--figures", help="Draw each run's figures as it ends; `runs figures` draws them later."
    ),
]
Report = Annotated[
    bool,
    typer.Option("--report", help="Write the sweep's report at its end (always on for `all`)."),
]
SWITCHES: dict[str, tuple[Any, Any]] = {
    "set_": (Set, None),
    "seeds": (Seeds, None),
    "name": (Name, None),
    "print_": (Print, False),
    "dry_run": (DryRun, False),
    "detach": (Detach, False),
    "figures": (Figures, False),
    "report": (Report, False),
    "trust": (Trust, False),
}


NETWORKS = inspect.Parameter(
    "networks", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Networks
)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the command line says beside the options of the runs themselves."""

    how: How
    output: Output
    set_: Sequence[str] | None = None
    seeds: str | None = None
    name: str | None = None
    print_: bool = False
    dry_run: bool = False
    detach: bool = False
    figures: bool = False
    report: bool = False
    trust: bool = False
    networks: Sequence[str] | None = None
    command: str = field(default_factory=lambda: shlex.join(["mnist-tui", *sys.argv[1:]]))


def taken_from(values: dict[str, Any]) -> Asked:
    """Take what is no option of the runs from the values of a command."""
    how = How(**{name: values.pop(name) for name in options_of(How)})
    output = Output(**{name: values.pop(name) for name in options_of(Output)})
    networks = values.pop("networks", None)
    switches = {name: values.pop(name) for name in SWITCHES}
    return Asked(how=how, output=output, networks=networks, **switches)
