"""The command line: everything the laboratory does, without the terminal UI."""

import gc
import os
import re
import sys
import traceback
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from engine.config import RunConfig
from engine.errors import EngineError, MnistTuiError, is_out_of_memory, memory_words
from tui.cli import data, models, pad, report, resume, run, runs
from tui.cli.doctor import doctor
from tui.cli.options import (
    AsAscii,
    HowImages,
    doubtful_variables,
    expand,
    refuse_options_before,
    said,
    source_of,
)
from tui.cli.sweep import commands as sweep
from tui.console import complain, explain, say
from tui.live.signals import exit_code
from tui.streams import Outlet, occupy_closed, on_terminal, outlets

ORDER = (
    "run", "try", "sweep", "runs", "resume", "attach", "stop", "compare", "report", "data",
    "models", "doctor",
)  # fmt: skip


class Commands(TyperGroup):
    """The commands in the order in which a newcomer needs them."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands."""
        return sorted(self.commands, key=ORDER.index)


app = typer.Typer(
    name="mnist-tui",
    cls=Commands,
    help="A terminal laboratory for small neural networks on MNIST. Without a command, opens the "
    "app.",
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


LONGEST = 400  # characters of an error about the command line


@app.callback(invoke_without_command=True)
@expand
def bare(
    context: typer.Context,
    config: RunConfig,
    ascii_: AsAscii = False,
    images: HowImages = None,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Open the app, unless a command follows."""
    if version:
        from importlib import metadata

        say(f"mnist-tui {metadata.version('mnist-tui')}")
        raise typer.Exit
    for doubt in doubtful_variables(context):
        complain(doubt)
    refuse_options_before(context)
    try:
        os.getcwd()
    except OSError as error:  # torch would abort the process
        raise EngineError(
            f"The current folder cannot be used ({error.strerror}); change to another."
        ) from None
    if context.invoked_subcommand is not None:
        return
    if not on_terminal(sys.stdin, sys.stdout):
        raise EngineError(
            "The app needs a terminal; `mnist-tui --help` lists the commands, which do not."
        )
    gc.disable()  # as while this was imported; the app enables it after its first frame
    from tui.app.open import open_app  # textual, which the commands do not need

    raise typer.Exit(open_app(config, ascii_=ascii_, images=images, said=said(context)))


app.add_typer(run.app, name="run")
app.add_typer(sweep.app, name="sweep")
app.add_typer(runs.app, name="runs")
app.add_typer(data.app, name="data")
app.add_typer(models.app, name="models")
app.command("try")(pad.try_)
app.command()(resume.resume)
app.command()(resume.attach)
app.command()(resume.stop)
app.command()(report.report)
app.command()(report.compare)
app.command()(doctor)


def main() -> None:
    """Run a command and exit with its code; an error is one line."""
    occupy_closed()
    sys.exit(invoke(sys.argv[1:]))


def invoke(arguments: list[str]) -> int:
    """Run a command and return its exit code."""
    with outlets() as (out, err):
        code = _invoke(arguments)
        out.flush()
        err.flush()
        return code or _delivered(out)


def _delivered(out: Outlet) -> int:
    """Return the exit code of a command that succeeded: 0 if its output could be written."""
    if out.failure is None:
        return 0
    if out.signal:
        return exit_code(out.signal)
    complain(f"Standard output cannot be written ({out.failure.strerror or out.failure}).")
    return 1


def _invoke(arguments: list[str]) -> int:
    try:
        return int(app(arguments, prog_name="mnist-tui", standalone_mode=False) or 0)
    except MnistTuiError as error:
        if _debugging(arguments):
            explain(traceback.format_exc())
        complain(str(error))
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        complain("interrupted")
        return 130
    except Exception as error:
        if hasattr(error, "format_message"):  # typer's own: unknown option, not a number ...
            return _refused(error)
        if _debugging(arguments):
            explain(traceback.format_exc())
        if is_out_of_memory(error):
            complain(f"{memory_words(error)} Close other programs and try again.")
            return 1
        complain(f"unexpected {type(error).__name__}: {error} (MNIST_TUI_DEBUG=1 shows where)")
        return 1


def _refused(error: Any) -> int:
    """Print typer's own error and return its exit code.

    Its classes have moved between versions, so the error is known by its methods.
    """
    message: str = error.format_message()
    if message.startswith("Usage:"):  # nothing was asked for: this is the help
        explain(message)
    else:
        complain(_usage(error, message))
    return int(error.exit_code)


def _usage(error: Exception, message: str) -> str:
    """Return typer's message on one line, shortened if it is long."""
    context = getattr(error, "ctx", None)
    hint = f" See `{context.command_path} --help`." if context else ""
    message = re.sub(r"\s*\n\s*", " ", message)  # a list of choices has a line for each
    if len(message) > LONGEST:
        message = f"{message[: LONGEST // 2]} … {message[-LONGEST // 2 :]}"
    if variable := source_of(error):
        message = f"{variable}: {message}"
    return message + ("" if message.endswith((".", "?")) else ".") + hint


def _debugging(arguments: list[str]) -> bool:
    return "--debug" in arguments or os.environ.get("MNIST_TUI_DEBUG", "") not in ("", "0")
