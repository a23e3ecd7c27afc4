"""What others rest on may be removed: that is said before, and breaks nothing of theirs."""

import pytest

from engine.runs.run import Run
from engine.runs.store import list_runs
from tui.cli.main import invoke


def call(capsys, *arguments):
    code = invoke([str(word) for word in arguments])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture
def folder(copied):
    """The folder of three finished runs and the one that noise and images were tested on."""
    return copied["train"].path.parent


def test_who_loses_a_network_is_said_before_it_goes(copied, folder, capsys):
    noise, images = copied["adversarial"], copied["visualize"]
    other = noise.read_config().other_runs["baseline"]
    code, out, err = call(capsys, "runs", "rm", other, "--artifacts", folder, "--yes")
    assert code == 0
    assert f"removed {folder / other}" in out
    assert err.splitlines() == [
        f"mnist-tui: without its network, the transfer in {images.id}, {noise.id} can no longer "
        "be verified"
    ]
    network = copied["train"].id
    code, _, err = call(capsys, "runs", "rm", network, noise.id, "--artifacts", folder, "--yes")
    assert code == 0
    assert err.splitlines() == [
        f"mnist-tui: without its network, {images.id} can no longer be resumed or verified"
    ]


@pytest.mark.parametrize("section", ["adversarial", "visualize"])
def test_a_run_whose_other_network_is_gone_is_as_sound_as_before(
    copied, folder, section, capsys
):  # fmt: skip
    run = copied[section]
    other = run.read_config().other_runs["baseline"]
    assert call(capsys, "runs", "rm", other, "--artifacts", folder, "--yes")[0] == 0
    for command in ("show", "figures", "export"):
        code, out, err = call(capsys, "runs", command, run.id, "--artifacts", folder)
        assert (code, err) == (0, "")
        assert out


def test_an_attack_on_a_network_that_is_gone_is_one_clear_line(copied, folder, capsys):
    network = copied["train"].id
    assert call(capsys, "runs", "rm", network, "--artifacts", folder, "--yes")[0] == 0
    code, _, err = call(
        capsys, "run", "adversarial", "--run", network, "--dataset", "digits", "--artifacts", folder
    )
    assert code == 1
    assert err.startswith(f"mnist-tui: No run {network!r}")
    assert len(err.splitlines()) == 1


def test_a_removal_that_was_cut_short_is_finished_by_the_next(copied, folder, capsys):
    run = copied["train"]
    run.path.rename(run.path.with_name(f".{run.id}.removed"))
    assert run.id not in [other.id for other in list_runs(folder)]
    code, _, err = call(capsys, "runs", "rm", run.id, "--artifacts", folder, "--yes")
    assert code == 0
    assert f"finished the interrupted removal of {run.id}" in err
    assert len(list(folder.iterdir())) == 3


def test_figures_that_the_disk_has_no_room_for_are_one_clear_line(
    copied, folder, capsys, monkeypatch
):  # fmt: skip
    def full(*arguments, **folders):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    run = Run(folder / copied["train"].id)
    code, _, err = call(capsys, "runs", "figures", run.id, "--artifacts", folder)
    assert code == 1
    assert err == (
        f"mnist-tui: The figures of {run.path} cannot be written (No space left on device).\n"
    )


def test_only_what_a_removal_left_is_removed_later(copied, folder, capsys):
    left = folder / ".20260101-000000-000-train-baseline.removed"
    left.mkdir()
    (left / ".lock").touch()
    foreign = [folder / ".notes.removed", folder / ".20260101-000000-001-mine.removed"]
    for path in foreign:
        path.mkdir()
        (path / "thesis.tex").write_text("years of work")
    code, _, err = call(capsys, "runs", "rm", "train-baseline", "--artifacts", folder, "--yes")
    assert code == 0, err  # by a part of its name too
    assert not left.exists()
    assert all((path / "thesis.tex").exists() for path in foreign)
