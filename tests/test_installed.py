"""The wheel, built and installed as a user has it: nothing is missing outside of the checkout."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = [pytest.mark.extended, pytest.mark.xdist_group("installed")]

PACKAGES = ("engine", "tui")
APP = """
import asyncio
from engine.config import RunConfig
from tui.app.app import MnistTui

async def play():
    app = MnistTui(RunConfig(dataset="digits", artifacts="artifacts"))
    async with app.run_test(size=(120, 40)) as pilot:
        for key in "1234":
            await pilot.press(key)
            await pilot.pause(0.3)
    print("mounted", len(app.stylesheet.rules) > 0)

asyncio.run(play())
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A copy of what the wheel is made from: building leaves things beside it."""
    folder = tmp_path_factory.mktemp("source")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture(scope="module")
def wheel(source, tmp_path_factory):
    """The wheel built from it, with the setuptools that is here."""
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, source)
    [wheel] = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The bin folder of a new environment with the wheel, and what it needs from this one."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=False, symlinks=True)
    pip("--python", home / "bin" / "python", "install", "--no-deps", "--no-index", wheel)
    [packages] = home.glob("lib/python*/site-packages")
    paths = sysconfig.get_paths()
    (packages / "needed.pth").write_text(f"{paths['purelib']}\n{paths['platlib']}\n")
    return home / "bin"


@pytest.fixture(scope="module")
def call(installed, tmp_path_factory):
    """Run a program of the new environment in a folder of its own; return what it printed."""
    folder = tmp_path_factory.mktemp("elsewhere")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "MNIST_"))}

    def call(*arguments):
        done = subprocess.run(
            [installed / arguments[0], *arguments[1:]], cwd=folder, capture_output=True, text=True,
            timeout=300, env=environment | {"HOME": str(folder), "XDG_STATE_HOME": str(folder)},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    return call


def pip(*arguments):
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*command, *map(str, arguments)], check=True, timeout=300)


def test_the_wheel_holds_every_file(source, wheel):
    files = {
        path.relative_to(source).as_posix()
        for name in PACKAGES for path in (source / name).rglob("*") if path.is_file()
    }  # fmt: skip
    packed = set(zipfile.ZipFile(wheel).namelist())
    assert {name for name in packed if name.startswith(PACKAGES)} == files


def test_it_is_the_wheel_that_is_tried(call, installed):
    where = call("python", "-c", "import engine, tui; print(engine.__file__, tui.__file__)").split()
    assert all(Path(path).is_relative_to(installed.parent) for path in where)


def test_a_training_its_check_and_its_report(call):
    assert call("mnist-tui", "--version").startswith("mnist-tui ")
    call("mnist-tui", "run", "train", "--model", "baseline", "--epochs", "1", "--dataset", "digits")
    assert call("mnist-tui", "runs", "list", "--json").count('"finished"') == 1
    page = Path(call("mnist-tui", "report").strip())
    assert "</html>" in page.read_text()


def test_the_app_opens(call):
    assert call("python", "-c", APP) == "mounted True\n"
