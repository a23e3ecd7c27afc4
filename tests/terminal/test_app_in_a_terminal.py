"""The app in a real pseudo-terminal, by real keys and signals."""

import json
import os
import re
import signal
import time

import pytest

from tests.conftest import a_few
from tests.terminal.terminal import Terminal

ENTER_SCREEN, LEAVE_SCREEN = b"\x1b[?1049h", b"\x1b[?1049l"
SHOW_CURSOR, HIDE_CURSOR = b"\x1b[?25h", b"\x1b[?25l"


@pytest.fixture
def home(tmp_path):
    """Environment of a user without preferences."""
    return {"XDG_CONFIG_HOME": str(tmp_path / "config")}


def opened(artifacts, *arguments, **environment):
    """Open the app on the digits and wait for its first frame."""
    options = ["--dataset", "digits", "--artifacts", str(artifacts)]
    terminal = Terminal(*options, *arguments, **environment)
    terminal.read(lambda t: "Models" in t.text and "quit" in t.text)
    return terminal


def training(artifacts, *arguments, **environment):
    """Open the app, start a training that would take hours, and wait until it goes on."""
    terminal = opened(artifacts, *arguments, **environment)
    config = os.path.join(environment["XDG_CONFIG_HOME"], "mnist-tui", "config.toml")
    assert os.path.exists(config), "long_runs first"
    terminal.press("r")
    terminal.read(lambda t: "img/s" in t.text, 60)
    return terminal


@pytest.fixture
def long_runs(home, tmp_path):
    """Environment of a user whose trainings take hours by default."""
    folder = tmp_path / "config" / "mnist-tui"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text("[defaults]\nepochs = 10000\n")
    return home


def only_run(artifacts):
    [run] = artifacts.iterdir()
    return run


def status(artifacts):
    return json.loads((only_run(artifacts) / "run.json").read_text())["status"]


def farewell(terminal):
    """Return the lines that stand on the terminal after the app."""
    return terminal.output.rpartition(LEAVE_SCREEN)[2].decode().split("\x1b[?25h")[-1].splitlines()


def assert_restored(terminal):
    assert terminal.output.count(ENTER_SCREEN) == terminal.output.count(LEAVE_SCREEN) == 1
    assert terminal.output.rfind(SHOW_CURSOR) > terminal.output.rfind(HIDE_CURSOR)


@pytest.mark.alone
def test_sections_by_key_a_run_a_resize_and_q(tmp_path, long_runs):
    artifacts = tmp_path / "a"
    terminal = training(artifacts, **long_runs)
    for key, words in zip("2341", ("Target labels", "Neurons", "duration", "Models"), strict=True):
        terminal.press(key)
        terminal.read(lambda t, words=words: words in t.text)
    terminal.resize(60, 18)
    terminal.read(lambda t: "Samples" not in t.text)
    terminal.resize(40, 10)
    terminal.read(lambda t: "needs 60x18" in t.text)
    terminal.resize(120, 40)
    terminal.read(lambda t: "Validation accuracy" in t.text)
    terminal.press("q")
    terminal.read(lambda t: "keep its progress" in t.text)
    answered = time.monotonic()
    terminal.press("s")
    terminal.read(lambda t: LEAVE_SCREEN in t.output)
    assert time.monotonic() - answered < 1
    assert terminal.exit_code() == 0
    assert_restored(terminal)
    assert status(artifacts) == "stopped"


@pytest.mark.alone
def test_q_is_not_held_up_by_what_is_still_being_prepared(tmp_path, home):
    """At once after the first frame: torch is being imported, and nothing is to be saved."""
    terminal = opened(tmp_path / "a", **home)
    pressed = time.monotonic()
    terminal.press("q")
    assert terminal.exit_code() == 0
    assert time.monotonic() - pressed < 1.5
    assert_restored(terminal)


@pytest.mark.parametrize(
    ("number", "code"), a_few([(signal.SIGTERM, 143), (signal.SIGINT, 130)], 1, several=True)
)
def test_a_signal_stops_saves_and_restores(tmp_path, long_runs, number, code):
    artifacts = tmp_path / "a"
    terminal = training(artifacts, **long_runs)
    os.kill(terminal.pid, number)
    assert terminal.exit_code() == code
    assert_restored(terminal)
    assert status(artifacts) == "stopped"
    run = only_run(artifacts).name
    [line] = [line for line in farewell(terminal) if run in line]
    assert f"{run} stopped at step " in line
    assert f"`mnist-tui resume {run} --artifacts {artifacts}` resumes it" in line
    assert "more" not in line


@pytest.mark.extended
def test_leaving_says_what_was_stopped_and_what_waits_behind_it(tmp_path, long_runs):
    artifacts = tmp_path / "a"
    terminal = opened(artifacts, **long_runs)
    terminal.press("a")
    terminal.read(lambda t: "img/s" in t.text, 60)
    terminal.press("q")
    terminal.read(lambda t: "keep its progress" in t.text)
    terminal.press("s")
    assert terminal.exit_code() == 0
    run = only_run(artifacts).name
    [line] = [line for line in farewell(terminal) if run in line]
    assert f"{run} stopped at step " in line
    assert line.endswith("resumes it, then 2 more queued behind it")


def test_an_error_in_a_pane_is_one_line_in_it_and_the_run_goes_on(tmp_path, long_runs):
    artifacts = tmp_path / "a"
    program = (
        "from engine.config import RunConfig\n"
        "from tui.app.open import open_app\n"
        "from tui.app.sections.runs.pane import RunsPane\n"
        "import sys\n"
        "RunsPane.refresh_text = lambda self: 1 / 0\n"
        f"sys.exit(open_app(RunConfig(dataset='digits', artifacts={str(artifacts)!r}), "
        "ascii_=False))\n"
    )
    terminal = Terminal(program=("-c", program), **long_runs)
    terminal.read(lambda t: "Models" in t.text)
    terminal.press("r")
    terminal.read(lambda t: "img/s" in t.text, 60)
    terminal.press("4")
    terminal.read(lambda t: "Display error in RunsPane" in t.text and "ZeroDivision" in t.text)
    assert status(artifacts) == "running"
    terminal.press("1")
    terminal.read(lambda t: "img/s" in t.text and "Models" in t.text)
    terminal.press("qs")
    assert terminal.exit_code() == 0
    assert_restored(terminal)
    assert status(artifacts) == "stopped"


def steps(artifacts):
    """Return the journal's (time, step) so far."""
    lines = (only_run(artifacts) / "events.jsonl").read_bytes().splitlines()
    events = [json.loads(line) for line in lines[:-1]]
    return [(event["time"], event["step"]) for event in events if event["event"] == "progress"]


def rate(marks, begin, end):
    inside = [(at, step) for at, step in marks if begin <= at <= end]
    (first, a), (last, b) = inside[0], inside[-1]
    return (b - a) / (last - first)


@pytest.mark.alone
@pytest.mark.extended
def test_a_reader_that_stops_for_30_s_slows_the_training_by_nothing(tmp_path, long_runs, capsys):
    artifacts = tmp_path / "a"
    terminal = training(artifacts, **long_runs)
    begin = time.time()
    terminal.read_for(10)
    stalled = time.time()
    time.sleep(30)  # nobody reads
    end = time.time()
    terminal.read_for(3)
    marks = steps(artifacts)
    before, during = rate(marks, begin, stalled), rate(marks, stalled + 1, end)
    with capsys.disabled():
        print(f" [{before:.0f} steps/s read, {during:.0f} stalled]", end="")
    assert during > 0.6 * before  # a training that waited would stand still; the rest is noise
    terminal.press("q")
    terminal.read(lambda t: "keep its progress" in t.text)
    terminal.press("s")
    assert terminal.exit_code() == 0
    assert_restored(terminal)


COLOUR_24, COLOUR_8 = re.compile(rb"[34]8;2;"), re.compile(rb"[34]8;5;(\d+)")
STYLES = re.compile(rb"\x1b\[([\d;]*)m")
COLOURS = {*range(30, 39), *range(40, 49), *range(90, 98), *range(100, 108)}
GREYS = {0, 7, 8, 15, 16, 59, 102, 145, 188, 231, *range(232, 256)}  # of the 256 colours
HALF_BLOCK, SHADE, BRAILLE = re.compile("▀"), re.compile("[░▒▓]"), re.compile("[⠁-⣿]")


def used_colours(output):
    """Return the codes that set a colour."""
    codes = [int(code) for codes in STYLES.findall(output) for code in codes.split(b";") if code]
    return COLOURS.intersection(codes)


@pytest.mark.parametrize(
    ("environment", "arguments", "true_colour", "colour", "unicode"),
    a_few([
        ({"NO_COLOR": "1", "COLORTERM": "truecolor"}, (), False, False, True),
        ({"COLORTERM": "truecolor"}, (), True, True, True),
        ({"COLORTERM": ""}, (), False, True, True),
        ({"COLORTERM": ""}, ("--ascii",), False, True, False),
        ({"COLORTERM": "", "LC_ALL": "C"}, (), False, True, False),
        ({"COLORTERM": "", "LANG": "POSIX"}, (), False, True, False),
        ({"COLORTERM": "", "LC_ALL": "C", "PYTHONUTF8": "0"}, (), False, True, False),
    ], 1, 1, several=True),
    ids=["NO_COLOR", "truecolor", "256", "--ascii", "LC_ALL=C", "LANG=POSIX", "not even Python"],
)  # fmt: skip
def test_pictures_in_what_the_terminal_can_show(
    tmp_path, long_runs, environment, arguments, true_colour, colour, unicode
):
    terminal = training(tmp_path / "a", *arguments, **long_runs | environment)
    terminal.read(lambda t: "/16 correct" in t.text and "100%" in t.text.replace(".0", ""))
    assert bool(COLOUR_24.search(terminal.output)) is true_colour
    palette = {int(number) for number in COLOUR_8.findall(terminal.output)}
    assert bool(palette - GREYS) is (colour and not true_colour)
    shown = terminal.output.decode(errors="replace")
    assert bool(HALF_BLOCK.search(shown)) is (unicode and colour)
    assert bool(SHADE.search(shown)) is (unicode and not colour)
    assert bool(BRAILLE.search(shown)) is unicode
    assert "Models" in terminal.text
    assert bool(used_colours(terminal.output)) is colour
    if not unicode:
        assert terminal.output.isascii()
        assert "+- Models -" in terminal.text
    os.kill(terminal.pid, signal.SIGTERM)
    terminal.exit_code()


def test_no_question_to_the_terminal_can_eat_a_key(tmp_path, home):
    """Keys that come before the first frame are all taken as keys."""
    options = ["--dataset", "digits", "--artifacts", str(tmp_path / "a")]
    terminal = Terminal(*options, **home)
    terminal.press("3")
    terminal.read(lambda t: "Neurons" in t.text)
    terminal.press("q")
    assert terminal.exit_code() == 0


def test_without_a_terminal_one_line_says_what_to_do(capsys):
    from tui.cli.main import invoke

    assert invoke([]) == 1
    assert "mnist-tui --help" in capsys.readouterr().err
