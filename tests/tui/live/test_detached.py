"""``--detach``, ``attach``, ``stop`` and ``resume`` of runs in processes of their own."""

import json
import os
import signal

import pytest

from engine.runs.queue import read_queue
from engine.runs.store import list_runs
from tests.conftest import a_few
from tests.processes import call, comparable, kill_detached, progress_of, start, wait_for

TRAIN = ["run", "train", "--model", "baseline", "--dataset", "digits"]


def only(artifacts):
    [run] = list_runs(artifacts)
    return run


def test_a_detached_run_prints_its_id_and_is_followed_to_its_end(artifacts):
    code, out, err = call(*TRAIN, "--epochs", 30, "--artifacts", artifacts, "--detach")
    run = only(artifacts)
    assert (code, out) == (0, f"{run.id}\n")
    assert f"`mnist-tui attach {run.id} --artifacts {artifacts}`" in err
    assert run.read_status() == "running"
    code, out, err = call("attach", run.id, "--artifacts", artifacts)
    assert code == 0
    assert run.read_status() == "finished"
    assert "baseline" in out
    assert "300/300" in err
    assert "\x1b" not in out + err


@pytest.mark.extended
def test_it_is_the_run_that_it_would_have_been(artifacts, tmp_path):
    assert call(*TRAIN, "--epochs", 5, "--artifacts", artifacts, "--detach", "--quiet")[0] == 0
    assert call(*TRAIN, "--epochs", 5, "--artifacts", tmp_path / "here")[0] == 0
    wait_for(lambda: only(artifacts).read_status() == "finished")
    [here] = list_runs(tmp_path / "here")
    assert comparable(only(artifacts)) == comparable(here)
    assert "--detach" not in only(artifacts).read_info()["command"]


@pytest.mark.extended
def test_json_prints_the_first_event(artifacts):
    code, out, err = call(*TRAIN, "--epochs", 2, "--artifacts", artifacts, "--detach", "--json")
    event = json.loads(out)
    assert (code, err) == (0, "")
    assert (event["event"], event["run"]) == ("started", only(artifacts).id)
    code, out, err = call("attach", event["run"], "--artifacts", artifacts, "--json")
    lines = [json.loads(line)["event"] for line in out.splitlines()]
    assert (lines[0], lines[-1], err) == ("started", "finished", "")


def test_what_cannot_begin_is_told_where_it_was_asked_for(artifacts, tmp_path):
    code, out, err = call("run", "train", "--dataset", "mnist", "--data-root", tmp_path,
                          "--artifacts", artifacts, "--detach")  # fmt: skip
    assert (code, out) == (1, "")
    assert "No MNIST in" in err
    assert "Traceback" not in err
    assert list_runs(artifacts) == []


@pytest.mark.extended
def test_it_outlives_whoever_started_it_and_is_stopped_by_name(artifacts):
    process = start(*TRAIN, "--epochs", 10_000, "--artifacts", artifacts, "--detach",
                    start_new_session=True)  # fmt: skip
    assert process.wait(60) == 0
    run = only(artifacts)
    step = progress_of(run)
    wait_for(lambda: progress_of(run) > step)
    code, out, _ = call("stop", run.id, "--artifacts", artifacts)
    assert (code, out) == (0, f"{run.id} stopped\n")
    code, _, err = call("stop", run.id, "--artifacts", artifacts)
    assert code == 1
    assert "nothing drives it" in err
    code, _, err = call("attach", run.id, "--artifacts", artifacts, "--quiet")
    assert code == 0
    assert f"`mnist-tui resume {run.id} --artifacts {artifacts}`" in err


def test_attach_tells_of_a_process_that_dies(artifacts):
    call(*TRAIN, "--epochs", 10_000, "--artifacts", artifacts, "--detach")
    run = only(artifacts)
    follower = start("attach", run.id, "--artifacts", artifacts, "--json")
    assert json.loads(follower.stdout.readline())["event"] == "started"
    kill_detached(artifacts)
    assert follower.wait(60) == 0
    assert "is interrupted" in follower.stderr.read()


def test_ctrl_c_leaves_an_attached_run_alone(artifacts):
    call(*TRAIN, "--epochs", 10_000, "--artifacts", artifacts, "--detach")
    run = only(artifacts)
    follower = start("attach", run.id, "--artifacts", artifacts, "--json")
    follower.stdout.readline()
    follower.send_signal(signal.SIGINT)
    follower.communicate(timeout=60)
    assert follower.returncode == 130
    assert run.read_status() == "running"


@pytest.mark.extended
@pytest.mark.parametrize("alone", a_few([True, False], 0, 1))
def test_a_killed_queue_is_gone_on_with(artifacts, alone):
    """The whole command line comes back, not only the run that was being driven."""
    models = ["--model", "baseline", "--model", "two-conv"]
    process = start("run", "train", *models, "--dataset", "digits", "--epochs", 8, "--artifacts",
                    artifacts, "--json")  # fmt: skip
    for line in process.stdout:
        if json.loads(line)["event"] == "progress":
            break
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    first = only(artifacts)
    assert first.read_status() == "interrupted"
    assert [config.model for request in read_queue(first) for config in request.configs] == [
        "two-conv"
    ]
    arguments = ["--alone"] if alone else []
    code, _, err = call("resume", first.id, "--artifacts", artifacts, *arguments)
    assert code == 0, err
    models = [run.read_config().model for run in reversed(list_runs(artifacts))]
    assert models == (["baseline"] if alone else ["baseline", "two-conv"])
    assert all(run.read_status() == "finished" for run in list_runs(artifacts))
    assert bool(read_queue(first)) is alone
    if not alone:
        assert "1 more" in err
        second = list_runs(artifacts)[0]
        assert second.read_info()["companions"] == [first.id]
        assert (second.path / "figures" / "models.png").is_file()
        assert second.read_info()["command"] == first.read_info()["command"]


@pytest.mark.extended
def test_runs_are_removed_by_name_but_not_while_they_are_driven(artifacts):
    call(*TRAIN, "--epochs", 10_000, "--artifacts", artifacts, "--detach")
    run = only(artifacts)
    code, _, err = call("runs", "rm", run.id, "--artifacts", artifacts, "--yes")
    assert code == 1
    assert f"mnist-tui stop {run.id}" in err
    call("stop", run.id, "--artifacts", artifacts)
    code, _, err = call("runs", "rm", run.id, "--artifacts", artifacts)
    assert code == 2
    assert "--yes" in err
    code, _, err = call("runs", "rm", run.id, "nothing", "--artifacts", artifacts, "--yes")
    assert code == 1
    assert run.read_status() == "stopped"
    assert call("runs", "rm", run.id, run.id, "--artifacts", artifacts, "--yes")[0] == 0
    assert list_runs(artifacts) == []


@pytest.mark.extended
def test_verify_exits_with_1_where_the_files_say_something_else(artifacts):
    assert call(*TRAIN, "--epochs", 2, "--artifacts", artifacts, "--quiet")[0] == 0
    run = only(artifacts)
    code, out, err = call("runs", "verify", run.id, "--artifacts", artifacts)
    assert (code, err) == (0, "")
    assert out.count("agrees") >= 5
    result = run.read_result()
    result["test"]["accuracy"] = 0.999
    run.write_json("result.json", result)
    code, out, _ = call("runs", "verify", run.id, "--artifacts", artifacts)
    assert code == 1
    assert "DIFFERS  result: test.accuracy is 0.999 in result.json" in out
    code, out, _ = call("runs", "verify", run.id, "--artifacts", artifacts, "--json")
    told = json.loads(out)
    assert code == 1
    assert not told["holds"]
    assert {check["subject"] for check in told["checks"] if not check["holds"]} == {
        "hashes", "journal", "result"
    }  # fmt: skip
