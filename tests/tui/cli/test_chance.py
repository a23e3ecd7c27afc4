"""A training that ended at chance says so in red, wherever its result is shown."""

import io
import json
import re
import shutil

import pytest
from rich.console import Console
from textual.color import Color
from textual.widgets import DataTable, OptionList

from engine.runs.run import Run
from engine.runs.summary import summarize
from tests.tui import example_runs as examples
from tests.tui.pilot import live, text, until
from tui.app.keys.keymap import Keymap
from tui.app.widgets.status import BAD, status_line
from tui.cli.main import invoke
from tui.cli.tables import print_results, print_run, print_runs
from tui.comparison import print_comparison
from tui.live.conductor import Conductor
from tui.live.mailbox import Mailbox
from tui.live.shelf import Shelf

WORDS = "ended at chance (9.00 % of the validation images): the network has learned nothing"
RED = "\x1b[1;31m"

RESULT = re.compile(r"!|\d%")  # what is in the column of results


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory, digits):
    """A sound training, one at chance, and noises and neurons of its network."""
    folder = tmp_path_factory.mktemp("chance")
    examples.trained(folder, digits, 1, "baseline", 0.91)
    network = examples.trained(folder, digits, 5, "two-conv-fc", 0.09)
    examples.crafted(folder, digits, 10, network)
    examples.visualized(folder, digits, 11, network)
    return folder


@pytest.fixture
def runs(artifacts):
    """Its runs: sound, bad, noises, neurons."""
    return [Run(path) for path in sorted(artifacts.iterdir())]


def printed(show):
    """Return what a function prints on a terminal with colours."""
    console = Console(file=io.StringIO(), force_terminal=True, width=200, color_system="standard",
                      highlight=False, markup=False)  # fmt: skip
    show(console)
    return console.file.getvalue()


def red_lines(out):
    return [line for line in out.splitlines() if RED in line]


def test_the_results_of_a_command_say_so_in_red(runs):
    red = red_lines(printed(lambda console: print_results(runs, console)))
    assert "two-conv-fc" in red[0]
    assert "9.00%" in red[0]
    assert f"two-conv-fc: {WORDS}" in red[1]
    assert [f"its network ({runs[1].id}) {WORDS}" in line for line in red[2:]] == [True, True]


def test_the_list_of_runs_and_one_run_say_so_in_red(runs):
    red = red_lines(printed(lambda console: print_runs([*map(summarize, runs)], console)))
    assert ["9.00%, at chance" in line for line in red] == [True, False, False]
    assert ["network at chance" in line for line in red] == [False, True, True]
    for run, told in zip(runs, (False, True, True, True), strict=True):
        out = printed(lambda console, run=run: print_run(run, console))
        assert any(WORDS in line for line in red_lines(out)) is told


def test_commands_say_so_off_a_terminal_too(artifacts, runs, capsys):
    assert invoke(["runs", "--artifacts", str(artifacts)]) == 0
    assert capsys.readouterr().out.count("at chance") == 3
    assert invoke(["runs", "--json", "--artifacts", str(artifacts)]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [one["remark"] for one in listed] == ["network at chance"] * 2 + ["at chance", ""]
    assert listed[2]["result"] == "9.00%"
    assert invoke(["runs", "show", runs[1].id, "--json", "--artifacts", str(artifacts)]) == 0
    assert WORDS in json.loads(capsys.readouterr().out)["warning"]
    ids = [run.id for run in runs[:2]]
    assert invoke(["compare", *ids, "--artifacts", str(artifacts)]) == 0
    assert f"{ids[1]}: {WORDS}" in capsys.readouterr().out
    assert invoke(["compare", *ids, "--json", "--artifacts", str(artifacts)]) == 0
    told = json.loads(capsys.readouterr().out)["runs"]
    assert [WORDS in one["warning"] for one in told] == [False, True]


def test_a_comparison_says_so_in_red(runs):
    from engine.analysis.compare import compare

    out = printed(lambda console: print_comparison(compare(runs[:2]), console))
    assert any(WORDS in line for line in red_lines(out))


@pytest.mark.extended
def test_a_training_and_whoever_takes_its_network_are_told_at_once(tmp_path, capsys):
    shared = ["--dataset", "digits", "--artifacts", str(tmp_path)]
    hopeless = ["--model", "baseline", "--epochs", "1", "--learning-rate", "1e-7"]
    assert invoke(["run", "train", *hopeless, *shared, "--quiet"]) == 0
    assert "baseline: ended at chance (" in capsys.readouterr().out
    assert invoke(["run", "train", *hopeless, *shared, "--json"]) == 0
    out, err = capsys.readouterr()
    assert all(line.startswith("{") for line in out.splitlines())
    assert "ended at chance (" in err
    shutil.rmtree(min(tmp_path.iterdir()))
    [network] = tmp_path.iterdir()
    section = ["run", "visualize", "--layer", "logits", "--neuron", "0", "--steps", "1"]
    assert invoke([*section, "--run", network.name, *shared, "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert f"the network of {network.name} ended at chance (" in err
    assert f"its network ({network.name}) ended at chance (" in out


def test_the_app_s_status_line_says_so_in_red(runs):
    task = Shelf(Mailbox()).open(runs[1])
    line = status_line(Conductor(), task, Keymap(), width=200)
    assert WORDS in line.plain
    assert any(str(span.style) == BAD for span in line.spans)
    sound = Shelf(Mailbox()).open(runs[0])
    sound = status_line(Conductor(), sound, Keymap(), width=200)
    assert "chance" not in sound.plain


@pytest.mark.extended
def test_every_section_of_the_app_says_so_in_red(artifacts):
    async def story(app, pilot):
        await until(pilot, lambda: app.main.experiments["train"].shown is not None)
        models = app.main.panes["train"].query_one(OptionList)
        prompts = [option.prompt for option in models.options if not option.disabled][:3]
        assert ["at chance" in prompt.plain for prompt in prompts] == [False, False, True]
        assert any(str(span.style) == BAD for span in prompts[2].spans)
        await pilot.press("down", "down")
        await pilot.pause(0.2)
        assert "ended at chance" in folded(app, "#about")
        await pilot.press("2")
        await pilot.pause(0.2)
        assert "ended at chance" in folded(app, "#attacked")
        await pilot.press("n")
        await pilot.pause(0.2)
        choice = app.screen.query_one(OptionList)
        prompts = [str(choice.get_option_at_index(row).prompt) for row in range(3)]
        assert ["at chance" in prompt for prompt in prompts] == [False, True, False]
        await pilot.press("escape", "3")
        await pilot.pause(0.2)
        assert "ended at chance" in folded(app, "#looked-at")
        await pilot.press("4")
        table = app.screen.query_one(DataTable)
        # Its columns have their widths once the panel has its own.
        await until(
            pilot,
            lambda: all("!" in "".join(cell.plain for cell in table.get_row_at(row))
                        for row in range(3)),
        )  # fmt: skip
        rows = [table.get_row_at(row) for row in range(4)]
        cells = [next(cell for cell in row if RESULT.search(cell.plain)) for row in rows]
        assert [cell.plain.strip() for cell in cells] == [
            "74 neurons!",
            "95.50%!",
            "9.00%!",
            "91.00%",
        ]
        red = Color.parse(app.theme_variables["bad"]).rich_color
        assert [[span.style.color for span in cell.spans] for cell in cells] == [[red]] * 3 + [[]]
        await pilot.press("space", "space", "slash", *"chance", "enter")
        await pilot.pause(0.2)
        assert table.row_count == 3

    live(artifacts, story, size=(160, 50))


def folded(app, selector):
    """Return the words of a panel, however they are folded."""
    return " ".join(text(app, selector).split())


def test_compared_in_the_app_it_says_so(artifacts):
    async def story(app, pilot):
        await pilot.press("4", "down", "down", "space", "space", "c")
        await pilot.pause(0.5)
        assert WORDS in folded(app, "#ranked")

    live(artifacts, story, size=(200, 50))
