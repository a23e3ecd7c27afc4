"""``mnist-tui models ...``: the networks there are, and what they are made of."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.errors import UsageError
from engine.files.text import listed
from engine.files.values import CLASS_COUNTS, SIDES
from engine.networks.architectures import ARCHITECTURES, CLASSES, SIDE
from engine.networks.costs import Cost, Survey, survey_of
from engine.networks.layout import Layer
from engine.options import check_fields, option
from tui.cli.options import AsJson, expand, refuse_options_before
from tui.cli.tables import empty_table
from tui.console import console_for, say_json

if TYPE_CHECKING:
    from engine.networks.code import Code

app = typer.Typer(
    help="List networks; show the layers of one, including your own.",
    rich_markup_mode=None,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Data:
    """What a network is built for."""

    side: int = option(SIDE, "Rows and columns of an image.", low=SIDES[0], high=SIDES[1])
    classes: int = option(CLASSES, "Number of classes.", low=CLASS_COUNTS[0], high=CLASS_COUNTS[1])

    def __post_init__(self) -> None:
        check_fields(self)


def known_models() -> list[str]:
    """Return the names of the networks that come with the package."""
    from engine.networks.more import MORE

    return [*ARCHITECTURES, *MORE]


@app.callback(invoke_without_command=True)
@expand
def models(context: typer.Context, data: Data, json_: AsJson = False) -> None:
    """List the networks that come with the package, unless a command follows."""
    refuse_options_before(context)
    if context.invoked_subcommand is None:
        _print_list(data, json_)


@app.command("list")
@expand
def list_(data: Data, json_: AsJson = False) -> None:
    """List the networks that come with the package."""
    _print_list(data, json_)


@app.command()
@expand
def show(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="A network, or FILE.py:NAME.", autocompletion=known_models
        ),
    ],
    data: Data,
    trust: Annotated[
        bool, typer.Option("--trust", help="Trust this file: run it now and in future.")
    ] = False,
    json_: AsJson = False,
) -> None:
    """Show a network's layers: shapes, parameters, multiply-adds, receptive fields.

    A network from a file is checked as before a training.
    """
    found = _survey(name, data, trust)
    if json_:
        layers = [_layer_json(layer, found.costs[layer.name]) for layer in found.layout.layers]
        say_json(_json(name, found) | {"shown": found.layout.shown, "layers": layers})
        return
    console = console_for("stdout")
    console.print(name, style="bold")
    table = empty_table("layer", ">shape", ">parameters", ">multiply-adds", "receptive field")
    for layer in found.layout.layers:
        cost = found.costs[layer.name]
        counts = f"{cost.parameters:,}", f"{cost.multiply_adds:,}"
        table.add_row(layer.name, _shape(layer), *counts, _field(layer, data.side))
    table.add_section()
    table.add_row("in all", "", f"{found.parameters:,}", f"{found.multiply_adds:,}", "")
    console.print(table)
    console.print(
        f"For {data.side}×{data.side} images and {data.classes} classes; receptive fields are "
        f"those of the centre neuron. Visualize shows {listed(found.layout.shown)}.",
        style="dim",
        soft_wrap=True,
    )


def _print_list(data: Data, json_: bool) -> None:
    found = [(name, _survey(name, data)) for name in known_models()]
    if json_:
        say_json([_json(name, each) | {"layers": each.layout.names} for name, each in found])
        return
    table = empty_table("network", ">parameters", ">multiply-adds", "layers")
    table.columns[-1].no_wrap = False
    for name, each in found:
        counts = f"{each.parameters:,}", f"{each.multiply_adds:,}"
        table.add_row(name, *counts, ", ".join(each.layout.names))
    console_for("stdout").print(table)


def _survey(name: str, data: Data, trusted: bool = False) -> Survey:
    if name in ARCHITECTURES:
        return survey_of(ARCHITECTURES[name].fitted(data.side, data.classes))
    code = _code(name, trusted)
    from engine.networks.own import survey_code  # after the name was found to be one: torch

    return survey_code(code, data.classes, data.side)


def _code(name: str, trusted: bool) -> "Code":
    """Return the file of a network. Raises UsageError where the name is none."""
    from engine.networks.code import open_code, open_trusted
    from engine.networks.more import MORE, packaged_code

    if name in MORE:
        return packaged_code(name)
    if ":" not in name and not name.endswith(".py"):
        raise UsageError(
            f"There is no network {name!r}; use {', '.join(known_models())} or FILE.py:NAME."
        )
    return open_trusted(name) if trusted else open_code(name)


def _json(name: str, found: Survey) -> dict[str, Any]:
    return {
        "name": name,
        "parameters": found.parameters,
        "multiply_adds": found.multiply_adds,
    }


def _layer_json(layer: Layer, cost: Cost) -> dict[str, Any]:
    return {
        "name": layer.name,
        "shape": layer.shape,
        "parameters": cost.parameters,
        "multiply_adds": cost.multiply_adds,
        "field": layer.field,
    }


def _shape(layer: Layer) -> str:
    return "×".join(map(str, layer.shape))


def _field(layer: Layer, side: int) -> str:
    """Return a receptive field in words: ``4×5, rows 13-16, columns 12-16``."""
    top, bottom, left, right = layer.field or (0, side, 0, side)
    if (top, bottom, left, right) == (0, side, 0, side):
        return "the image"
    size = f"{bottom - top}×{right - left}"
    return f"{size}, rows {top}-{bottom - 1}, columns {left}-{right - 1}"
