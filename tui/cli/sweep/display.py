"""What the command line shows of a sweep: its plan, each run's end, and what came of it."""

import time
from collections.abc import Sequence
from contextlib import suppress

from rich.console import Console
from rich.live import Live
from rich.text import Text

from engine.analysis.compare import is_share
from engine.errors import EngineError
from engine.files.text import counted
from engine.hints import hint
from engine.sweeps import outcome
from engine.sweeps.atlas.atlas import atlas_of
from engine.sweeps.estimate import Estimate, estimate, in_words
from engine.sweeps.executors.local import Slot
from engine.sweeps.outcome import Settled, compared, settled, word
from engine.sweeps.plan import Plan
from engine.sweeps.schema import PlannedRun, SweepEvent
from engine.sweeps.states import FAILED, FINISHED, RunState, progress_of, states_of
from engine.sweeps.sweep import Sweep
from tui.cli.options import Output
from tui.cli.sweep.atlas import print_atlas
from tui.cli.tables import BAD, empty_table
from tui.console import complain, console_for, say_json
from tui.summary import keep_whole
from tui.words import clock, number

MOST_SHOWN = 40  # runs of a plan on a terminal; all of them off one, and as JSON
MOST_VERDICTS = 6  # pairs that are compared in words
REFRESH = 4  # times a second, of the active runs on a terminal


def print_plan(plan: Plan, slots: Sequence[Slot], output: Output) -> None:
    """Print what a sweep would do and about how long it takes."""
    guess = estimate(plan.artifacts, plan.runs, len(slots))
    if output.json:
        planned = [
            {"run": run.run_id, "section": run.section, "setting": run.setting, "seed": run.seed,
             "needs": run.needs, "config": run.config}
            for run in plan.runs
        ]  # fmt: skip
        say_json({
            "sweep": plan.sweep_id, "axes": plan.axes, "runs": planned, "jobs": len(slots),
            "threads": slots[0].threads, "seconds": guess.seconds,
        })  # fmt: skip
        return
    console = console_for("stdout")
    table = empty_table("run", *(name.replace("_", " ") for name in plan.axes if name != "seed"),
                        ">seed", "needs")  # fmt: skip
    runs = plan.runs[:MOST_SHOWN] if console.is_terminal else plan.runs
    for run in runs:
        cells = [word(run.setting.get(name)) for name in plan.axes if name != "seed"]
        table.add_row(run.run_id, *cells, str(run.seed), _needs(run))
    keep_whole(table.columns[0])
    console.print(table)
    if len(runs) < len(plan.runs):
        console.print(f"and {len(plan.runs) - len(runs):,} more", style="dim")
    console.print(summary_of(guess, slots), soft_wrap=True)


def _needs(run: PlannedRun) -> str:
    if not run.needs:
        return ""
    more = len(run.needs) - 1
    return run.needs[0] + (f" and {counted(more, 'other')}" if more else "")


def summary_of(guess: Estimate, slots: Sequence[Slot]) -> str:
    """Return in a line how many runs there are and how long they take."""
    if guess.known == guess.runs:
        basis = "estimated from earlier runs here"
    else:
        basis = "a rough guess" + (", partly from earlier runs here" if guess.known else "")
    jobs, threads = len(slots), slots[0].threads or 1
    return (
        f"{counted(guess.runs, 'run')}, {in_words(guess.seconds)} with {counted(jobs, 'job')} "
        f"of {counted(threads, 'thread')} ({basis})"
    )


class SweepLines:
    """Shows a sweep while it is driven: a line for each run that ends, on a terminal also those
    that are active; with ``--json`` its journal's events."""

    def __init__(self, sweep: Sweep, output: Output, slots: int) -> None:
        self._sweep, self._output, self._slots = sweep, output, slots
        self._console = console_for("stderr")
        self._planned = {run.run_id: run for run in sweep.plan.runs}
        self._active: dict[str, float] = {}  # when each began
        self._finished: set[str] = set()
        self._live: Live | None = None

    def __enter__(self) -> "SweepLines":
        runs = self._sweep.plan.runs
        states = states_of(self._sweep)
        self._finished = {s.planned.run_id for s in states if s.status == FINISHED}
        if self._output.json or self._output.quiet:
            return self
        count = len(self._finished)
        already = f", {count:,} of them finished already" if count else ""
        left = [run for run in runs if run.run_id not in self._finished]
        guess = estimate(self._sweep.artifacts, left, self._slots)
        time_left = in_words(guess.seconds)
        complain(f"sweep {self._sweep.id}: {counted(len(runs), 'run')}{already}, {time_left}")
        if self._console.is_terminal:
            self._live = Live(
                get_renderable=self._status, console=self._console, transient=True,
                refresh_per_second=REFRESH,
            )  # fmt: skip
            self._live.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._live is not None:
            self._live.__exit__(None, None, None)

    def __call__(self, event: SweepEvent) -> None:
        """Hear what was written to the sweep's journal."""
        if self._output.json:
            say_json({"sweep": self._sweep.id} | _values(event), separators=(",", ":"))
            return
        if event.event == "begun":
            self._active[event.run] = event.time
            return
        took = event.time - self._active.pop(event.run, event.time)
        if self._output.quiet:
            return
        if event.event == "retried":
            self._say(event, f"retrying: {event.message}", "yellow")
        elif event.event == "ended":
            if event.status == FINISHED:
                self._finished.add(event.run)
            self._end(event, took)

    def _end(self, event: SweepEvent, took: float) -> None:
        if event.status == FAILED:
            self._say(event, f"failed: {event.message}", BAD)
            return
        run = self._planned[event.run]
        words = event.status
        if event.status == FINISHED:
            with suppress(EngineError):  # removed meanwhile
                result = self._sweep.run(run).read_result()
                words = RunState(run, FINISHED, result=result).headline
        self._say(event, f"{words}  {clock(took)}", "")

    def _say(self, event: SweepEvent, words: str, style: str) -> None:
        place = f"{len(self._finished):>{len(str(len(self._planned)))}}/{len(self._planned)}"
        line = Text(f"{place}  {described(self._planned[event.run])}  {words}", style)
        console = self._console if self._live is None else self._live.console
        console.print(line, soft_wrap=True)

    def _status(self) -> Text:
        """Return a line for each active run."""
        lines = []
        for run_id, since in list(self._active.items()):
            run = self._planned[run_id]
            step, steps = progress_of(self._sweep.run(run))
            share = f"{step / steps:4.0%}" if steps else "  …"
            lines.append(f"{share}  {described(run)}  {clock(time.time() - since)}")
        return Text("\n".join(lines), style="dim")


def described(run: PlannedRun) -> str:
    """Return what a run is in a few words: section, setting and seed."""
    words = [outcome.described(run), f"seed {run.seed}"]
    return f"{run.section} {', '.join(filter(None, words))}"


def _values(event: SweepEvent) -> dict[str, object]:
    values = {name: getattr(event, name) for name in event.__struct_fields__}
    return {name: value for name, value in values.items() if value or name == "event"}


def print_outcome(sweep: Sweep, console: Console) -> None:
    """Print a table of settings for each section, the best first, and how they compare.

    Of an atlas, what it says of the noises instead.
    """
    states = states_of(sweep)
    found = settled(states)
    atlas = atlas_of(states)
    if atlas is not None:
        found = [one for one in found if one.section != "adversarial"]
    verdicts = compared(sweep, found)
    for section in dict.fromkeys(one.section for one in found):
        ranked = [one for one in found if one.section == section]
        if not any(one.values for one in ranked):
            continue
        metric = next(one.metric for one in ranked if one.metric)
        console.print(f"{section}: {metric} by setting", style="bold", soft_wrap=True)
        table = empty_table("setting", ">runs", ">mean", ">± sd", ">95 %", ">best", ">worst")
        for one in ranked:
            table.add_row(*cells_of(one))
        console.print(table)
        for verdict in verdicts[section][:MOST_VERDICTS]:
            console.print(verdict.sentence(), soft_wrap=True)
        if (more := len(verdicts[section]) - MOST_VERDICTS) > 0:
            told = hint(sweep.artifacts, "sweep", "status", sweep.id, "--json")
            console.print(f"{counted(more, 'more pair')} in {told}", style="dim", soft_wrap=True)
    if atlas is not None:
        print_atlas(atlas, console)


def cells_of(one: Settled) -> list[str]:
    """Return a setting's row: runs that finished, mean, deviation, interval, best and worst."""

    def show(value: float) -> str:
        return f"{value:.2%}" if is_share(one.metric) else number(value, ".4g")

    return [one.label, *one.cells(show)]
