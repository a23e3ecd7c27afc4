"""What many tests share: real MNIST where it is, a small dataset made of the embedded digits."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from engine.data.dataset import Dataset, Split
from engine.data.digits import open_digits
from engine.data.open import open_dataset
from engine.numerics.cores import usable_cores
from engine.numerics.device import Device, open_device
from engine.sections.train.config import TrainConfig
from tests.processes import kill_detached

ROOT = Path(__file__).parents[1]
MNIST_ROOT = Path(os.environ.get("MNIST_TUI_TEST_DATA_ROOT", ROOT.parent / "shared" / "mnist"))
FASHION_ROOT = Path(
    os.environ.get("MNIST_TUI_TEST_FASHION_ROOT", ROOT.parent / "shared" / "fashion-mnist")
)
ROOTS = ("MNIST_TUI_TEST_DATA_ROOT", "MNIST_TUI_TEST_FASHION_ROOT")

# How long an example takes says how busy the machine is, and nothing else.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Take every core that this process may use, which xdist does not ask for."""
    return usable_cores()


def pytest_configure(config: pytest.Config) -> None:
    """Give each worker of xdist a core of its own: trainings that share cores crawl."""
    worker = getattr(config, "workerinput", {}).get("workerid", "")
    if worker and hasattr(os, "sched_setaffinity"):  # Linux only
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[int(worker.removeprefix("gw")) % len(cores)]})


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No process of any test writes to the user's cache or state; matplotlib knows its fonts."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MPLCONFIGDIR", os.environ.get("MPLCONFIGDIR") or f"{cache}/matplotlib")
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session")
def mnist_root() -> Path:
    """A torchvision root that holds MNIST's four .gz files."""
    if not (MNIST_ROOT / "MNIST" / "raw" / "train-images-idx3-ubyte.gz").is_file():
        pytest.skip(f"no MNIST in {MNIST_ROOT}; MNIST_TUI_TEST_DATA_ROOT says where it is")
    return MNIST_ROOT


@pytest.fixture(scope="session")
def mnist(mnist_root: Path) -> Dataset:
    """The real thing, verified."""
    return open_dataset("mnist", str(mnist_root))


@pytest.fixture(scope="session")
def fashion_root() -> Path:
    """A torchvision root that holds Fashion-MNIST's four .gz files."""
    if not (FASHION_ROOT / "FashionMNIST" / "raw" / "train-images-idx3-ubyte.gz").is_file():
        pytest.skip(
            f"no Fashion-MNIST in {FASHION_ROOT}; MNIST_TUI_TEST_FASHION_ROOT says where it is"
        )
    return FASHION_ROOT


@pytest.fixture(scope="session")
def fashion(fashion_root: Path) -> Dataset:
    """Fashion-MNIST, verified."""
    return open_dataset("fashion-mnist", str(fashion_root))


@pytest.fixture(scope="session")
def digits() -> Dataset:
    """The embedded digits."""
    return open_digits()


@pytest.fixture(scope="session")
def few(digits: Dataset) -> Dataset:
    """A few of the embedded digits: 2 steps an epoch at batch 32."""

    def cut(part: Split, n: int) -> Split:
        return Split(part.images[:n], part.labels[:n])

    return Dataset(
        name="digits",
        sha256=digits.sha256,
        origin="a test",
        classes=digits.classes,
        train=cut(digits.train, 60),
        validation=cut(digits.validation, 40),
        test=cut(digits.test, 50),
    )


@pytest.fixture(scope="session")
def cpu() -> Device:
    """The CPU in float32."""
    return open_device("cpu", "fp32", 1)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the options of whoever runs the tests out of them."""
    for name in list(os.environ):
        if name.startswith("MNIST_TUI_") and name not in ROOTS:
            monkeypatch.delenv(name)
    for name in ("COLUMNS", "LINES"):  # xdist's workers get them from readline of the process above
        monkeypatch.delenv(name, raising=False)


def a_few(
    values: Iterable[Any], few: int = 1, more: int | None = None, *, several: bool = False
) -> list[Any]:
    """Return values to parametrize a test by: a few for `make test`, the others for `make check`.

    ``more`` of these others; what is left is for `make long`. By default that is nothing.
    ``several``: each is a tuple of several arguments.
    """
    every = [value if several else (value,) for value in values]
    last = len(every) if more is None else few + more
    extended, long = pytest.mark.extended, pytest.mark.long
    return [
        *(pytest.param(*value) for value in every[:few]),
        *(pytest.param(*value, marks=extended) for value in every[few:last]),
        *(pytest.param(*value, marks=long) for value in every[last:]),
    ]


def run_values(config, status: str = "running") -> dict:
    """What a sound run.json holds."""
    return {
        "schema": 1, "run_id": "a-run", "section": config.section, "status": status,
        "config": config.to_json(),
        "dataset": {"name": "digits", "sha256": "0" * 64, "train": 60, "validation": 40,
                    "test": 50, "classes": list("0123456789"), "image": [28, 28]},
        "environment": {"device": "cpu", "device_name": "a processor", "precision": "fp32",
                        "threads": 1, "versions": {"python": "3"}},
        "command": "mnist-tui run", "companions": [], "started_at": "2026-01-02T03:04:05+00:00",
        "finished_at": None,
    }  # fmt: skip


def started_values(config, steps: int = 99) -> dict:
    """The fields of the Started of that run."""
    values = run_values(config)
    return {
        "run": "a-run", "section": config.section, "title": config.title, "steps": steps,
        "config": values["config"], "dataset": values["dataset"],
        "environment": values["environment"],
    }  # fmt: skip


@pytest.fixture
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for runs that other processes may drive; none of them outlives its test."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "artifacts"
    yield folder
    kill_detached(folder)


def train_config(**options) -> TrainConfig:
    """A resolved config of a short run on ``few``."""
    options = {"model": "baseline", "epochs": 6, "batch_size": 32, "dataset": "digits"} | options
    found = {"device": "cpu", "precision": "fp32", "threads": 1}
    return TrainConfig(**options).resolve(**found)
