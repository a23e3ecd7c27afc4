"""``mnist-tui try``: the pad, and what networks say of the drawings that were kept."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.config import RunConfig
from engine.data.classes import numbered
from engine.errors import EngineError, UsageError
from engine.files.text import visible
from tui.cli.completion import training_ids
from tui.cli.options import AsAscii, AsJson, HowImages, expand, said
from tui.cli.tables import empty_table
from tui.console import console_for, say_json
from tui.streams import on_terminal

if TYPE_CHECKING:
    from engine.data.drawings import Drawings
    from engine.pad.judging import Judgement

MOST_TOLD = 20  # drawings whose answers are printed one by one
BAD = "bold red"


@expand
def try_(
    context: typer.Context,
    config: RunConfig,
    file: Annotated[
        str | None,
        typer.Option(
            "--file", metavar="FILE.npz",
            help="Ask about the drawings in a file instead of opening the pad.",
        ),
    ] = None,
    run: Annotated[
        list[str] | None,
        typer.Option(
            "--run", autocompletion=training_ids,
            help="With --file: a network to ask, by run or model; can be repeated.",
        ),
    ] = None,
    trust: Annotated[
        bool,
        typer.Option(
            "--trust", help="Allow network code (model.py) that has not been run here before."
        ),
    ] = False,
    json_: AsJson = False,
    ascii_: AsAscii = False,
    images: HowImages = None,
) -> None:  # fmt: skip
    """Draw, and see how trained networks classify it; or ask them about the drawings in a file."""
    if file is None and (run or json_):
        raise UsageError(f"{'--run' if run else '--json'} goes with --file.")
    artifacts = Path(config.artifacts)
    if trust:
        _trust_all(artifacts, run or [])
    if file is not None:
        _ask(Path(file), artifacts, run or [], json_)
        return
    if not on_terminal(sys.stdin, sys.stdout):
        raise EngineError("The pad needs a terminal; --file asks about kept drawings without one.")
    from tui.app.open import open_app  # textual, which the commands do not need

    code = open_app(config, ascii_=ascii_, images=images, said=said(context), pad=True)
    raise typer.Exit(code)


def _trust_all(artifacts: Path, names: Sequence[str]) -> None:
    """Let the code of the named trainings be run, or of all that there are."""
    from engine.pad.networks import trained_in
    from engine.trainings import find_trained
    from engine.trust import trust_code

    ids = [find_trained(artifacts, name).id for name in names]
    trust_code(artifacts, ids or [one.run.id for one in trained_in(artifacts)])


def _ask(path: Path, artifacts: Path, names: Sequence[str], json_: bool) -> None:
    from engine.data.drawings import read_drawings
    from engine.pad.judging import judge_drawings, networks_for

    drawings = read_drawings(path)
    judged = list(judge_drawings(drawings, networks_for(drawings, artifacts, names)))
    if json_:
        say_json(_json(path, drawings, judged))
    else:
        _print(path, drawings, judged)
    if all(one.problem for one in judged):
        raise EngineError(f"No network could be asked: {judged[0].problem}")


def _json(path: Path, drawings: "Drawings", judged: Sequence["Judgement"]) -> dict[str, Any]:
    labels = drawings.split.labels
    return {
        "file": str(path),
        "dataset": drawings.dataset or None,
        "classes": list(drawings.classes),
        "labels": labels.tolist(),
        "networks": [
            {
                "run": one.trained.run.id,
                "model": one.trained.model,
                "accuracy": None if one.problem else one.right(labels) / len(labels),
                "answers": None if one.problem else one.answers.tolist(),
                "confidences": None
                if one.problem
                else [round(float(c), 4) for c in one.confidences],
                "problem": one.problem,
            }
            for one in judged
        ],
    }


def _print(path: Path, drawings: "Drawings", judged: Sequence["Judgement"]) -> None:
    console, labels, names = console_for("stdout"), drawings.split.labels, drawings.classes
    count = len(labels)
    what = f"{count:,} drawing{'s' if count > 1 else ''}"
    console.print(f"{visible(str(path))}: {what}", style="bold", soft_wrap=True)
    told = count <= MOST_TOLD
    table = empty_table("network", ">test", ">right", ">accuracy", *(["answers"] if told else []))
    if told:
        table.columns[-1].no_wrap = False
        table.add_row("", "", "", "", " ".join(_short(names, label) for label in labels.tolist()),
                      style="dim")  # fmt: skip
    for one in judged:
        name = visible(one.trained.name)
        if one.problem:
            table.add_row(name, one.trained.result, "", "", *([visible(one.problem)] * told),
                          style="dim")  # fmt: skip
            continue
        right = one.right(labels)
        answers = " ".join(
            _short(names, answer) if answer == label else f"✗{_short(names, answer)}"
            for answer, label in zip(one.answers.tolist(), labels.tolist(), strict=True)
        )
        table.add_row(name, one.trained.result, f"{right}/{count}", f"{right / count:.1%}",
                      *([answers] * told))  # fmt: skip
    console.print(table)
    if told and any(not one.problem for one in judged):
        console.print("The first line has the labels; ✗ marks a wrong answer.", style="dim")


def _short(names: Sequence[str], label: int) -> str:
    """Return a class as a digit where it is one, or else its name without spaces."""
    return numbered(names, label).replace(" ", "-") if names[label] != str(label) else str(label)
