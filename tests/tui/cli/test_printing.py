"""What is foreign is printed as it is: no escape sequence, no markup, no line of its own."""

import io
import json
import re
import shutil

import pytest
from rich.console import Console
from rich.table import Table
from rich.text import Text

from engine.files.text import visible
from engine.runs.events import Progress, Started
from tests.conftest import a_few
from tests.processes import call
from tui.cli.main import invoke
from tui.cli.progress import ProgressBars
from tui.comparison import ranking
from tui.console import SafeConsole, complain, console_for, explain, say, say_json, say_text

FOREIGN = "\x1b]0;t\x07[b]x[/b][/old]:smile:\x9b31m\n\x7f\u202e\udcff"
MARKUP = "[b]x[/b][/old]:smile:"
UNSAFE = re.compile("[\0-\x09\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]")


@pytest.fixture(params=[False, True], ids=["piped", "terminal"])
def screen(request, monkeypatch):
    """A console on a stream, and what was written to it."""
    file = io.StringIO()
    monkeypatch.setenv("TERM", "xterm")
    console = SafeConsole(file=file, force_terminal=request.param, width=300)
    return console, lambda: re.sub("\x1b\\[[0-9;]*m", "", file.getvalue())


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("make", [str, Text])
def test_a_console_prints_words_as_they_are(screen, make, soft):
    console, written = screen
    # In a Text a newline is meant, and bells are dropped.
    words = FOREIGN if make is str else FOREIGN.replace("\n", "").replace("\a", "")
    console.print(make(words), style="bold", soft_wrap=soft)
    assert written() == visible(words) + "\n"


def test_a_table_keeps_its_columns_whatever_stands_in_them(screen):
    console, written = screen
    table = Table(title=FOREIGN, caption=FOREIGN, title_justify="left")
    table.add_column(FOREIGN)
    table.add_column(Text("two\nlines"))
    table.add_row(FOREIGN, "next")
    table.add_row("日本", "next")
    console.print(table)
    text = written()
    assert not UNSAFE.search(text)
    assert text.count(visible(FOREIGN)) == 4
    assert "lines" in text
    rows = [line for line in text.splitlines() if "next" in line]
    assert len({line.replace("日本", "....").index("next") for line in rows}) == 1


def test_progress_bars_show_titles_as_they_are(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    file = io.StringIO()
    with ProgressBars(Console(file=file, force_terminal=True, width=200), 1) as bars:
        bars(Started(step=0, time=1.0, run="r", section="x", title=FOREIGN, steps=9, config={},
                     dataset={}, environment={}))  # fmt: skip
        bars(Progress(step=1, time=2.0, series={}))
    assert visible(FOREIGN) in file.getvalue()


def test_lines_are_one_line_each_and_lost_on_nobody(capsys):
    say(FOREIGN)
    complain(FOREIGN)
    assert capsys.readouterr() == (visible(FOREIGN) + "\n", f"mnist-tui: {visible(FOREIGN)}\n")
    say_text("a\x1b\nb\n")
    explain("a\x1b\nb\n")
    assert capsys.readouterr() == ("a\N{REPLACEMENT CHARACTER}\nb\n",) * 2


def test_json_is_ascii_that_reads_back(capsys):
    every = "".join(map(chr, range(0x300))) + FOREIGN
    say_json({every: [every, float("nan"), 1.5, None, True]})
    out = capsys.readouterr().out
    assert out.isascii()
    assert not UNSAFE.search(out)
    assert json.loads(out) == {every: [every, None, 1.5, None, True]}


@pytest.mark.parametrize("columns", ["²", "9" * 5000, "0", "-1", ""],
                         ids=["square", "huge", "0", "-1", "empty"])  # fmt: skip
def test_columns_that_are_no_number_are_passed_over(monkeypatch, capsys, columns):
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("FORCE_COLOR", "1")
    console_for("stdout").print("x" * 200, style="bold")
    assert capsys.readouterr().out == "x" * 200 + "\n"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with two short trainings of a baseline."""
    artifacts = tmp_path_factory.mktemp("runs")
    for seed in "12":
        options = ["--dataset", "digits", "--epochs", "1", "--seed", seed, "--quiet"]
        train = ["run", "train", "--model", "baseline", *options]
        assert invoke([*train, "--artifacts", str(artifacts)]) == 0
    return artifacts


def foreign(path, **values):
    """Put values into a run's ``run.json``."""
    info = json.loads((path / "run.json").read_text())
    (path / "run.json").write_text(json.dumps(info | values))


@pytest.mark.extended
@pytest.mark.parametrize(
    "name", a_few(["w\x1b]52;c;eA==\x07\x9b\n", f"w{MARKUP}", "w$x^{$%s{0}"], 0, 1)
)
def test_a_folder_of_any_name_is_worked_in_and_printed_as_it_is(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    folder = name.replace("/", "_")
    run = ["run", "train", "--model", "baseline", "--dataset", "digits", "--epochs", "1"]
    code, out, err = call(*run, "--artifacts", folder)
    assert code == 0, err
    assert visible(folder) in out
    assert not UNSAFE.search(out + err)
    for arguments in (["runs"], ["runs", "show", "baseline"], ["runs", "figures", "baseline"],
                      ["runs", "show", "none"], ["report"]):  # fmt: skip
        code, out, err = call(*arguments, "--artifacts", folder)
        assert code == int("none" in arguments), err
        assert not UNSAFE.search(out + err)
        if arguments != ["runs"]:
            assert visible(folder) in out + err


@pytest.mark.parametrize("command", [["runs"], ["runs", "show", "RUN"], ["compare", "RUN", "RUN"]])
def test_what_stands_in_run_json_cannot_command_the_terminal(
    runs, tmp_path, capsys, monkeypatch, command
):
    shutil.copytree(runs, tmp_path, dirs_exist_ok=True)
    ids = sorted(path.name for path in tmp_path.iterdir())
    config = json.loads((tmp_path / ids[0] / "run.json").read_text())["config"]
    words = "\x1b]0;t\x07\x9b31m\x7f\u202e"
    foreign(tmp_path / ids[0], config=config | {"recipe": words}, command=words)
    monkeypatch.chdir(tmp_path)
    names = iter(ids)
    arguments = [next(names) if word == "RUN" else word for word in command]
    invoke([*arguments, "--artifacts", "."])
    out, err = capsys.readouterr()
    assert not UNSAFE.search(out + err)


def test_piped_tables_cut_nothing(runs, capsys):
    long = runs / ("20990101-000000-000-train-" + "x" * 150)
    shutil.copytree(min(runs.iterdir()), long)
    foreign(long, run_id=long.name)
    try:
        ids = [path.name for path in runs.iterdir()]
        for arguments in (["runs"], ["compare", *ids]):
            assert invoke([*arguments, "--artifacts", str(runs)]) == 0
            out = capsys.readouterr().out
            assert all(name in out for name in ids)
            assert "…" not in out
    finally:
        shutil.rmtree(long)


def test_on_a_narrow_terminal_a_comparison_keeps_the_ids(runs):
    from engine.analysis.compare import compare
    from engine.runs.store import list_runs

    file = io.StringIO()
    SafeConsole(file=file, width=60).print(ranking(compare(list_runs(runs))))
    assert all(path.name in file.getvalue() for path in runs.iterdir())


def test_show_leaves_hidden_files_and_links_out(runs, tmp_path, capsys):
    source = min(runs.iterdir())
    run = tmp_path / source.name
    shutil.copytree(source, run)
    for name in (".lock", ".queue", ".reserve", ".run.json.x.partial", "figures/.a.partial"):
        (run / name).touch()
    (run / "link").symlink_to(run / "weights.pt")
    assert invoke(["runs", "show", run.name, "--artifacts", str(tmp_path)]) == 0
    files = capsys.readouterr().out.partition("files in")[2].splitlines()[1:]
    names = [line.split()[1] for line in files]
    assert names == ["answers.npz", "events.jsonl", "figures/accuracy.png", "figures/confusion.png",
                     "figures/loss.png", "figures/samples.png", "result.json", "run.json",
                     "weights.pt"]  # fmt: skip


def test_every_listing_has_json(runs, capsys):
    def told(*arguments):
        assert invoke([*arguments, "--json"]) == 0
        [line] = capsys.readouterr().out.splitlines()
        return json.loads(line)

    here = ["--artifacts", str(runs)]
    listed = told("runs", *here)
    assert told("runs", "list", *here) == listed
    names = {"run", "section", "status", "dataset", "recipe", "seed", "result", "started_at",
             "finished_at", "seconds"}  # fmt: skip
    assert [names - set(line) for line in listed] == [set(), set()]
    newest = max(runs.iterdir())
    info = json.loads((newest / "run.json").read_text())
    result = json.loads((newest / "result.json").read_text())
    assert (listed[0]["started_at"], listed[0]["seconds"]) == (
        info["started_at"], result["seconds"])  # fmt: skip
    shown = told("runs", "show", newest.name, *here)
    assert shown["result"] == result
    assert shown["files"]["weights.pt"] == (newest / "weights.pt").stat().st_size
    assert {name: shown[name] for name in info} == info
    datasets = told("data", "--data-root", str(runs))
    assert told("data", "list", "--data-root", str(runs)) == datasets
    assert [(each["name"], each["state"], each["train"]) for each in datasets] == [
        ("mnist", "absent", None), ("fashion-mnist", "absent", None), ("kmnist", "absent", None),
        ("digits", "verified", 1260)]  # fmt: skip
    doctor = told("doctor", "--data-root", str(runs), *here)
    assert doctor["datasets"] == datasets
    assert {"terminal", "colours", "cpu", "a_run_takes", "versions", "artifacts"} < set(doctor)


def test_an_interrupted_run_is_told_as_such_without_a_result(runs, tmp_path, capsys):
    source = min(runs.iterdir())
    shutil.copytree(source, tmp_path / source.name)
    foreign(tmp_path / source.name, status="running", finished_at=None)
    assert invoke(["runs", "show", source.name, "--json", "--artifacts", str(tmp_path)]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["status"], shown["result"]) == ("interrupted", None)
