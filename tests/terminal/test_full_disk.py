"""A disk that really is full: a small file system of its own."""

import os
import subprocess

import pytest

from engine.runs.store import list_runs
from tests.processes import COMMAND, call, comparable, start, wait_for

RUN = ["run", "train", "--model", "baseline", "--dataset", "digits", "--epochs", "60"]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 4 MB; a run of the test needs about 2."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(folder)], capture_output=True
    )
    if mount.returncode:
        pytest.skip("a file system can only be mounted by root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk):
    """Leave no byte; return the file that takes the room."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    return filler


@pytest.mark.extended
def test_the_run_fails_with_a_line_stays_readable_and_can_go_on(small_disk, tmp_path):
    artifacts = small_disk / "artifacts"
    process = start(*RUN, "--artifacts", artifacts)
    wait_for(lambda: list_runs(artifacts) and any(
        event.kind == "checkpoint" for event in list_runs(artifacts)[0].events()
    ))  # fmt: skip
    filler = fill(small_disk)
    _, err = process.communicate(timeout=60)
    [run] = list_runs(artifacts)
    assert process.returncode == 1
    [line] = [line for line in err.splitlines() if line.startswith("mnist-tui:")]
    assert "No space left on device" in line
    assert f"mnist-tui resume {run.id}" in line
    assert run.read_status() == "failed"
    assert run.read_info()["message"] in line
    assert call("runs", "show", run.id, "--artifacts", artifacts)[0] == 0

    code, _, err = call("resume", run.id, "--artifacts", artifacts)  # still no room
    assert code == 1
    assert "No space left on device" in err
    assert "Traceback" not in err
    os.unlink(filler)
    code, _, err = call("resume", run.id, "--artifacts", artifacts)
    assert code == 0, err
    assert call(*RUN, "--artifacts", tmp_path / "whole")[0] == 0
    assert comparable(run) == comparable(list_runs(tmp_path / "whole")[0])


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux alone has a full device")
@pytest.mark.long
def test_events_that_cannot_be_printed_stop_the_run_which_is_kept(tmp_path):
    artifacts = tmp_path / "artifacts"
    with open("/dev/full", "w") as full:
        command = [*COMMAND, *RUN, "--json", "--artifacts", str(artifacts)]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120)
    [run] = list_runs(artifacts)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert "No space left on device" in line
    assert "The files of" not in line
    assert run.id in line
    assert run.read_status() == "stopped"
    code, _, err = call("resume", run.id, "--artifacts", artifacts)
    assert code == 0, err
    assert call(*RUN, "--artifacts", tmp_path / "whole")[0] == 0
    assert comparable(run) == comparable(list_runs(tmp_path / "whole")[0])
