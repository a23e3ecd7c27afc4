"""A notice is one line on whatever shows a run."""

import io
import json

import pytest
from rich.console import Console

from engine.runs.events import Notice, Progress, Started
from tests.conftest import started_values, train_config
from tui.cli.options import Output
from tui.cli.progress import listener
from tui.live.conductor import Conductor

LINE = "No CUDA graph could be recorded"


def events():
    return [Started(step=0, time=1.0, **started_values(train_config())),
            Notice(step=1, time=2.0, message=f"{LINE} [b]\x1b[31m"),
            Notice(step=1, time=3.0, message="Another")]  # fmt: skip


@pytest.mark.parametrize("quiet", [False, True])
@pytest.mark.parametrize("terminal", [False, True])
def test_lines_bars_and_silence_print_it(capsys, quiet, terminal):
    from tui.console import SafeConsole

    file = io.StringIO()
    console: Console = SafeConsole(file=file, force_terminal=terminal, width=200)
    with listener(Output(quiet=quiet), console, 1) as show:
        for event in events():
            show(event)
    written = file.getvalue() + capsys.readouterr().err
    assert written.count(LINE) == 1
    assert "[b]" in written
    assert "\x1b[31m" not in written


def test_json_has_it_as_it_stands_in_the_journal(capsys):
    with listener(Output(json=True), SafeConsoleOff(), 1) as show:
        for event in events():
            show(event)
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["event"], line["step"]) for line in told[1:]] == [("notice", 1), ("notice", 1)]
    assert told[2]["message"] == "Another"


def SafeConsoleOff():
    return Console(file=io.StringIO())


def test_the_app_tells_it_once_though_a_resumed_run_says_it_again():
    conductor = Conductor()
    [task] = conductor.start([train_config()], "a command")
    for _ in range(2):
        for event in [*events(), Progress(step=2, time=4.0, series={})]:
            conductor.hear(task, event)
    conductor.collect()
    told = [conductor.notices.get() for _ in range(2)]
    assert told[0].startswith(f"baseline: {LINE} [b]")
    assert "\x1b" not in told[0]
    assert told[1] == "baseline: Another"
    assert conductor.notices.empty()
