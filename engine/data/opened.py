"""The datasets that one process has open; no NumPy until the first is asked for."""

import dataclasses
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from engine.config import RunConfig
from engine.data.known import MNIST, MNIST_LIKE, MnistLike, is_file, located

if TYPE_CHECKING:
    from engine.data.dataset import Dataset


class Datasets:
    """Opens each dataset once, and a file anew once it has changed.

    ``warn`` is given one line about anything unexpected.
    """

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        # Each with the stamp of the file that it was read from.
        self._open: dict[tuple[str, str | None, bool], tuple[object, Dataset]] = {}
        self._read: dict[tuple[str, str | None], _Reader] = {}
        self._lock = threading.Lock()  # runs open them, and so does what looks at runs meanwhile

    def open(self, config: RunConfig) -> "Dataset":
        """Return the dataset that a config asks for. Raises EngineError."""
        from engine.data.open import open_dataset

        name, root, offline = located(config.dataset), config.data_root, config.offline
        with self._lock:
            # What is open already was found or fetched: being offline makes no other one of it.
            offline = offline and (name, root, False) not in self._open
            key = (name, root, offline)
            self._await(name, root)
            stamp = _stamp(name) if is_file(name) else None
            known, data = self._open.get(key, (None, None))
            if data is None or known != stamp:
                data = open_dataset(name, root, offline=offline, warn=self._warn)
                self._open[key] = stamp, data
                self._open[data.name, data.origin, offline] = stamp, data  # as it was found
            return data

    def read_ahead(self, config: RunConfig) -> bool:
        """Begin to read MNIST or a relative in a thread, until ``open`` asks for it.

        False where it is open already, or where its files are not here: then there is more to do
        than to read.
        """
        from engine.data.idx import is_there, places

        name, root = config.dataset, config.data_root
        known = MNIST_LIKE.get(MNIST.name if name == "auto" else name)
        with self._lock:
            opened = any((name, root, offline) in self._open for offline in (False, True))
            if known is None or opened or not any(map(is_there, places(known, root))):
                return False
            if (name, root) not in self._read:
                self._read[name, root] = _Reader(known, root)
        return True

    def _await(self, name: str, root: str | None) -> None:
        """Take in what was read ahead. Where that failed, it is opened as ever, and says why."""
        if (reader := self._read.pop((name, root), None)) is None:
            return
        reader.join()
        if (data := reader.data) is not None:
            for offline in (False, True):
                self._open[name, root, offline] = None, data
                self._open[data.name, data.origin, offline] = None, data


class _Reader(threading.Thread):
    """Reads a dataset that lies on this machine."""

    def __init__(self, known: MnistLike, root: str | None) -> None:
        super().__init__(name="dataset")
        self.data: Dataset | None = None
        self._known, self._root = known, root
        self.start()

    def run(self) -> None:
        from engine.data.idx import find_idx

        with suppress(Exception):  # which is raised again by ``open``
            self.data = find_idx(self._known, self._root)


def _stamp(path: str) -> object:
    """Return what changes when a file does, None where there is none."""
    with suppress(OSError):
        found = os.stat(path)
        return found.st_mtime_ns, found.st_size, found.st_ino
    return None


def at_home(config: RunConfig) -> RunConfig:
    """Return a run's config with the folder where it found its data: ``./data`` may have moved.

    What lies in one of the usual places is looked for as usual.
    """
    from engine.data.idx import is_there, place_in, places

    known = MNIST_LIKE.get(config.dataset)
    if config.data_root is not None or config.data_found is None or known is None:
        return config
    found = Path(config.data_found)
    usual = any(place.origin.resolve() == found for place in places(known))
    if usual or not is_there(place_in(known, found)):
        return config
    return dataclasses.replace(config, data_root=config.data_found)
