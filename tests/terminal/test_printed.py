"""What the commands print on a terminal of few characters or no colours."""

import re

import pytest

from tests.conftest import a_few
from tests.terminal.terminal import Terminal
from tests.tui import example_runs as examples

COMMANDS = {
    "run": ("run", "train", "--model", "baseline", "--dataset", "digits", "--epochs", "1"),
    "runs": ("runs",),
    "show": ("runs", "show", "20260102-030410"),
    "compare": ("compare", "20260102-030410", "20260102-030412"),
    "doctor": ("doctor",),
    "help": ("run", "train", "--help"),
}
ESCAPES = re.compile(rb"\x1b\[[?\d;]*[A-Za-z]|\x1b\][^\a]*\a")
COLOURS = re.compile(rb"\x1b\[(?:[\d;]*;)?(?:3[0-8]|4[0-8]|9\d|10[0-7])(?:;[\d;]*)?m")


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory, digits):
    folder = tmp_path_factory.mktemp("printed")
    examples.write_examples(folder, digits)
    examples.crafted(folder, digits, 12, examples.TRAINED)
    return folder


def printed(artifacts, command, **environment):
    """Return what a command writes to a terminal."""
    options = () if command == "help" else ("--artifacts", str(artifacts))
    terminal = Terminal(*COMMANDS[command], *options, size=(120, 40), **environment)
    assert terminal.exit_code() == 0, terminal.text
    return terminal.output


@pytest.mark.parametrize("environment", a_few([{"LC_ALL": "C"}, {"MNIST_TUI_ASCII": "1"}], 1))
@pytest.mark.parametrize("command", a_few(COMMANDS, 1, 3))
def test_without_unicode_it_is_ascii(artifacts, command, environment):
    output = ESCAPES.sub(b"", printed(artifacts, command, **environment))
    assert not re.findall(rb"[^\t\r\n -~]+", output)
    assert not re.findall(rb"\?\?", output)


@pytest.mark.parametrize("command", a_few(COMMANDS, 1, 3))
def test_without_colour_it_has_none_and_is_still_unicode(artifacts, command):
    output = printed(artifacts, command, NO_COLOR="1")
    assert not COLOURS.findall(output)
    if command in ("run", "runs", "compare"):
        assert not output.isascii()
    assert "▀" not in output.decode()


@pytest.mark.parametrize("environment", a_few([{"LC_ALL": "C"}, {"LANG": "POSIX"}]))
def test_doctor_says_that_the_locale_is_not_utf8(artifacts, environment):
    [(name, words)] = environment.items()
    said = printed(artifacts, "doctor", **environment)
    assert f"plain ASCII: the locale is not UTF-8 ({name}={words})".encode() in said
