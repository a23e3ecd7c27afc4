"""Ctrl-C at any time is one line and exit code 130."""

import subprocess
import sys
import tomllib

import pytest

from tests.conftest import ROOT

PROGRAM = """
import os, signal, sys
class Interrupting:
    def find_spec(self, name, *rest):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
sys.argv[1:] = {arguments!r}
from tui.cli.start import main
main()
"""


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("tui.cli.main", ["runs"]),
        ("typer", ["runs"]),
        ("numpy", ["--version"]),
        ("engine.runs.store", ["runs"]),
        ("tui.cli.tables", ["--help"]),
        ("engine.figures", ["runs", "figures", "x"]),  # later, by the command itself
    ],
)
def test_ctrl_c_while_the_program_is_being_imported(tmp_path, module, arguments):
    program = PROGRAM.format(module=module, arguments=arguments)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr in ("mnist-tui: interrupted\n", "")  # typer itself says nothing


def test_an_ignored_ctrl_c_stays_ignored(tmp_path):
    program = PROGRAM.format(module="typer", arguments=["runs"])
    program = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n" + program
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_it_begins_there_when_installed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"mnist-tui": "tui.cli.start:main"}
