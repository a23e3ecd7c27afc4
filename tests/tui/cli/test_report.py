"""``report``, ``compare`` and ``runs export`` from the command line; the page in a real browser."""

import csv
import io
import json
import shutil
import subprocess
from urllib.parse import urlsplit

import html5lib
import pytest

from engine.runs.queue import QueueKeeper, Request
from engine.runs.store import list_runs
from tui.cli.main import invoke

# One worker runs them all: they look at the same runs, whose making takes longest.
pytestmark = [pytest.mark.extended, pytest.mark.xdist_group("report")]

ITS_OWN = ("google.com", "googleapis.com", "gvt1.com")  # what the browser itself asks for updates
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory):
    """What ``run all`` leaves on the digits, with little of everything."""
    folder = tmp_path_factory.mktemp("report")
    shared = ["--dataset", "digits", "--artifacts", str(folder), "--quiet"]
    for seed in ("0", "1"):
        assert invoke(["run", "train", "--epochs", "2", "--seed", seed, *shared]) == 0
    for section in ("adversarial", "visualize"):
        assert invoke(["run", section, "--steps", "5", *shared]) == 0
    return folder


@pytest.fixture(scope="module")
def page(artifacts, tmp_path_factory):
    """The report of these runs."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    assert invoke(["report", "--artifacts", str(artifacts), "--output", str(path)]) == 0
    return path


def test_the_newest_of_each_kind_make_the_report(artifacts, capsys):
    assert invoke(["report", "--artifacts", str(artifacts)]) == 0
    out, err = capsys.readouterr()
    newest = list_runs(artifacts)[0]
    assert out == f"{newest.path.resolve() / 'report.html'}\n"
    assert "claims hold" in err
    text = (newest.path / "report.html").read_text()
    assert text.count("<h3>1.") == 3
    assert text.count("<h3>2.") == 10
    assert text.count("<h3>3.") == 3
    (newest.path / "report.html").unlink()


def test_a_report_that_was_queued_is_written_by_whoever_goes_on(artifacts, tmp_path, capsys):
    """As ``run all`` leaves it when it is killed while the report is being written."""
    copy = tmp_path / "copy"
    shutil.copytree(artifacts, copy)
    newest = list_runs(copy)[0]
    request = Request("mnist-tui run all", [], [run.id for run in list_runs(copy)], report=True)
    QueueKeeper().keep(newest, [request])
    assert invoke(["resume", newest.id, "--artifacts", str(copy)]) == 0
    assert str(newest.path / "report.html") in capsys.readouterr().err
    assert (newest.path / "report.html").is_file()
    assert invoke(["resume", newest.id, "--artifacts", str(copy)]) == 1
    assert "has finished" in capsys.readouterr().err


def test_strict_exits_with_1_where_a_claim_does_not_hold(artifacts, tmp_path, capsys):
    copy = tmp_path / "copy"
    shutil.copytree(artifacts, copy)
    options = ["--artifacts", str(copy), "--output", str(tmp_path / "r.html")]
    training = next(run for run in list_runs(copy) if run.read_config().section == "train")
    arguments = ["report", training.id, *options]
    assert invoke([*arguments, "--strict"]) == 0
    result = training.read_result()
    result["test"]["accuracy"] = 0.999
    training.write_json("result.json", result)
    assert invoke(arguments) == 0
    assert invoke([*arguments, "--strict"]) == 1
    assert "does not hold: Test accuracy" in capsys.readouterr().err


def test_a_report_of_nothing_or_of_what_goes_on_is_refused(tmp_path, artifacts, capsys):
    assert invoke(["report", "--artifacts", str(tmp_path)]) == 1
    assert "mnist-tui run all" in capsys.readouterr().err
    nowhere = str(tmp_path / "no" / "r.html")
    run = next(run for run in list_runs(artifacts) if run.read_config().section == "train")
    assert invoke(["report", run.id, "--artifacts", str(artifacts), "--output", nowhere]) == 1
    assert "choose --output" in capsys.readouterr().err


def test_the_page_is_well_formed(page):
    html5lib.HTMLParser(strict=True).parse(page.read_text())  # raises at the first error


@pytest.mark.skipif(BROWSER is None, reason="no Chromium here")
@pytest.mark.parametrize("width", [390, 1280])
def test_in_a_browser_no_request_leaves_the_page_and_nothing_is_cut(page, tmp_path, width):
    log = tmp_path / "net.json"
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
             "--disable-component-update", f"--log-net-log={log}", f"--window-size={width},900",
             f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr"]  # fmt: skip
    measured = page.with_name(f"measured-{width}.html")
    script = "<script>document.title = document.documentElement.scrollWidth + ' ' + "
    script += "[...document.images].every(i => i.complete && i.naturalWidth > 0)</script></body>"
    policy = page.read_text().replace("default-src 'none'", "script-src 'unsafe-inline'")
    measured.write_text(policy.replace("</body>", script))
    for address in (page, measured):
        done = subprocess.run([BROWSER, *flags, "--dump-dom", address.as_uri()],
                              capture_output=True, text=True, timeout=120)  # fmt: skip
        assert "Content Security Policy" not in done.stderr
    title = done.stdout.split("<title>")[1].split("</title>")[0]
    across, all_shown = title.split()
    assert all_shown == "true"
    assert int(across) <= max(width, 500)  # headless windows are no narrower than 500
    asked = {
        urlsplit(event["params"]["url"])
        for event in json.loads(log.read_text())["events"]
        if "url" in event.get("params", {})
    }
    strangers = {url.hostname for url in asked if url.scheme in ("http", "https", "ws", "wss")}
    assert not {host for host in strangers if not host.endswith(ITS_OWN)}


@pytest.mark.skipif(BROWSER is None, reason="no Chromium here")
def test_it_prints(page, tmp_path):
    target = tmp_path / "report.pdf"
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer",
             f"--user-data-dir={tmp_path / 'profile'}", f"--print-to-pdf={target}"]  # fmt: skip
    subprocess.run([BROWSER, *flags, page.as_uri()], capture_output=True, timeout=120, check=True)
    content = target.read_bytes()
    assert content.startswith(b"%PDF")
    assert 8 <= content.count(b"/Type /Page\n") <= 25


def test_compare_as_words_csv_and_json(artifacts, capsys):
    trainings = [run for run in list_runs(artifacts) if run.read_config().section == "train"]
    names = [run.id for run in trainings]
    where = ["--artifacts", str(artifacts)]
    assert invoke(["compare", *names, *where]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in names)
    assert "±" in out
    assert "Test accuracy over seeds" in out
    assert "Differences in test accuracy (p corrected for 3 pairs)" in out
    assert out.count(" points (95 % ") == 3
    assert "\x1b" not in out
    assert invoke(["compare", *names, *where, "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    accuracies = [float(row["test_accuracy"]) for row in rows]
    assert accuracies == sorted(accuracies, reverse=True)
    assert {row["model"] for row in rows} == {"baseline", "two-conv", "two-conv-fc"}
    assert invoke(["compare", *names, *where, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [len(group["runs"]) for group in told["groups"]] == [2, 2, 2]
    assert {group["seeds"]["n"] for group in told["groups"]} == {2}
    assert all(one["sentence"] in out for one in told["verdicts"])
    first = [run.id for run in trainings if run.read_config().seed == 0]
    assert invoke(["compare", *first, *where]) == 0
    assert capsys.readouterr().out.count("357 images") == 3
    curve = told["groups"][0]["curves"]["loss"]
    assert len(curve["step"]) == len(curve["mean"]) == len(curve["deviation"])
    assert invoke(["compare", *names, *where, "--json", "--csv"]) == 2
    assert invoke(["compare", names[0], *where]) == 1
    assert "two runs or more" in capsys.readouterr().err


def test_export_is_a_table(artifacts, capsys):
    run = next(run for run in list_runs(artifacts) if run.read_config().section == "adversarial")
    assert invoke(["runs", "export", run.id, "--artifacts", str(artifacts)]) == 0
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert rows[0][:3] == ["step", "loss_label_0", "loss_label_1"]
    assert [row[0] for row in rows[1:]] == ["1", "2", "3", "4", "5"]
