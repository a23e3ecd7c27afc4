"""The report of a sweep: what it says, and that it needs and harms nothing outside itself."""

import re

import msgspec
import pytest

from engine.errors import EngineError, MnistTuiError
from engine.laboratory import Laboratory
from engine.report.referee import Finding
from engine.report.sweep import pictures as sweep_pictures
from engine.report.sweep import write_sweep_report
from engine.report.sweep.document import render
from engine.report.sweep.pictures import curves_drawn
from engine.report.sweep.referee import findings_about, summed_up
from engine.sweeps.curves import curves_of
from engine.sweeps.outcome import settled
from engine.sweeps.states import RunState, states_of
from engine.sweeps.sweep import Sweep
from tests.engine.sweeps.made import planned_sweep, run_all, state
from tests.engine.test_report import Page
from tests.tui import example_runs as examples


def nowhere(run):
    raise MnistTuiError("no such images here")


@pytest.fixture
def sweep(tmp_path):
    return planned_sweep(tmp_path / "artifacts")


def grid():
    return [
        state(0.9 + rate / 10 + seed * rate / 1000, seed=seed, learning_rate=rate, l2=l2)
        for l2 in (0, 0.1) for rate in (0.1, 0.5) for seed in range(3)
    ]  # fmt: skip


def test_settings_are_ranked_compared_and_mapped(sweep):
    page = render(sweep, grid(), [], "again")
    rows = re.findall(r'<td class="label">(.*?)</td>', page)
    assert rows[0].startswith("learning rate 0.5")
    assert len(rows) == 4
    assert "95.05 %" in page
    assert "better than" in page
    assert "corrected for the 6 pairs" in page
    assert "learning rate →" in page
    assert page.count('style="--heat:') == 4
    assert "have not finished" not in page
    assert "There was nothing to check." in page


def test_curves_of_several_targets_are_drawn_by_their_mean(sweep, digits, monkeypatch):
    """Of the ten noises of a run, in a report of whose sweep they are smoothed, too."""
    network = examples.trained(sweep.artifacts, digits, 1, "two-conv-fc", 0.9)
    run = examples.crafted(sweep.artifacts, digits, 2, network)
    planned = msgspec.structs.replace(sweep.plan.runs[0], run_id=run, section="adversarial")
    result = {"targets": [{"success": {"rate": 0.9}}]}
    states = [RunState(planned, "finished", result=result)]
    [setting] = settled(states)
    curves = curves_of(sweep, setting, ["loss", "success"])
    assert [len(one.values.shape) for each in curves.values() for one in each] == [1, 1]
    asked = []
    draw = sweep_pictures.draw_settings
    monkeypatch.setattr(
        sweep_pictures, "draw_settings", lambda *a, **k: asked.append(k) or draw(*a, **k)
    )
    pictures, left_out = curves_drawn(sweep, "adversarial", [setting])
    assert [(one["share"], one["log"]) for one in asked] == [(True, False), (False, True)]
    assert (len(pictures), left_out) == (2, 0)
    assert "ends at 100.0%" in pictures[0].alternative


def test_a_network_is_named_once(sweep):
    page = render(sweep, [state(0.5, network="mlp", model="mlp", epsilon=0.1)], [], "again")
    assert '<td class="wide">mlp, epsilon 0.1</td>' in page


def test_pairs_without_a_test_are_told_once(sweep):
    page = render(sweep, [state(0.9 + rate, learning_rate=rate) for rate in (0.01, 0.02, 0.03)],
                  [], "again")  # fmt: skip
    assert "3 pairs cannot be compared: one seed is too few to tell what is luck" in page


def test_what_failed_or_has_not_begun_is_named(sweep):
    states = [*grid(), state(None, 9, "failed", "the <b>cat</b>", learning_rate=1),
              state(None, 9, "waiting", learning_rate=2)]  # fmt: skip
    page = render(sweep, states, [], "again")
    assert "2 of 14 runs have not finished" in page
    assert "the &lt;b&gt;cat&lt;/b&gt;" in page
    assert "0 of 1" in page  # of the row of a setting without a result


def test_nothing_foreign_is_markup_or_acts_on_a_terminal(sweep):
    evil = Sweep(sweep.path.rename(sweep.path.with_name("<u>-\x1b-sweep-x")))
    states = [state(0.5 + seed / 10, seed=seed, model="<i>x\x1b[2J", note=note)
              for note in ("<script>", "b") for seed in (0, 1)]  # fmt: skip
    page = render(evil, states, [Finding("<u>", False, "no\x1b")], "<b>")
    assert not {"i", "u", "script"} & set(Page(page).tags)
    assert "<script>" not in page
    assert "\x1b" not in page


def test_a_sweep_of_what_nothing_ranks_has_its_runs(sweep):
    page = render(sweep, states_of(sweep), [], "again")
    assert "4 of 4 runs have not finished" in page
    assert "by setting" not in page


def test_findings_are_summed_up_by_claim_and_failures_stay_whole():
    findings = [
        Finding("The split is clean", True, "none twice"),
        *(Finding(f"It comes out again (run-{n})", n != 1, f"words {n}") for n in range(3)),
        *(Finding(f"It can be read (run-{n})", None, "no images here") for n in range(2)),
        Finding("Success does not fall (network run-1)", True, "ε"),
        Finding("Images are clamped to [0, 1]", True, "all"),
    ]
    assert [(one.claim, one.holds, one.words) for one in summed_up(findings)] == [
        ("The split is clean", True, "none twice"),
        ("It comes out again", False, "2 of 3 hold; 1 does not, named below"),
        ("It can be read", None, "0 of 2 hold; 2 not checked: no images here"),
        ("Success does not fall", True, "ε"),
        ("Images are clamped to [0, 1]", True, "all"),
    ]


def test_it_is_written_into_the_sweep_and_through_no_link(sweep, tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("mine")
    (sweep.path / "report.html").symlink_to(outside)
    path, findings = write_sweep_report(sweep, nowhere, "again")
    assert (path, findings) == (sweep.path / "report.html", [])
    assert outside.read_text() == "mine"
    assert not path.is_symlink()
    link = tmp_path / "link"
    link.symlink_to(sweep.path)
    with pytest.raises(EngineError, match="is a link"):
        write_sweep_report(Sweep(link), nowhere, "again")
    path, _ = write_sweep_report(sweep, nowhere, "again", outside)  # the user's own choice
    assert outside.read_text().startswith("<!DOCTYPE html>")


@pytest.mark.extended
def test_a_real_sweep_from_its_files(tmp_path):
    sweep = planned_sweep(tmp_path / "artifacts")
    run_all(sweep, left=1)
    states = states_of(sweep)
    unchecked = list(findings_about(sweep, states, nowhere))
    assert [(one.holds, one.words) for one in unchecked] == [(None, "no such images here")]
    path, findings = write_sweep_report(sweep, Laboratory(print).survey_of, "again & again")
    assert {finding.holds for finding in findings} == {True}
    text = path.read_text()
    page = Page(text)
    assert all(re.match("data:image/png;base64,|#", address) for address in page.addresses)
    assert "script" not in page.tags
    assert len(page.images) == 2
    assert "learning rate 0.1 ends at" in page.images[0]["alt"]
    assert "again &amp; again" in text
    assert "3 of 3 hold" in text
    assert "threads" in text or "1 thread;" in text
