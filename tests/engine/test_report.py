"""The report of real runs, and every flaw that its referee must find."""

import dataclasses
import os
import re
import shutil
import stat
import threading
from html.parser import HTMLParser

import numpy as np
import pytest
import torch

from engine.analysis import second_opinion
from engine.analysis.verify import verify
from engine.data.classes import numbered
from engine.data.known import FASHION_MNIST
from engine.errors import EngineError
from engine.figures import draw_figures
from engine.report import write_report
from engine.report.choose import Chosen, choose, lead_of
from engine.report.document import render
from engine.report.referee import referee
from engine.runs.run import Run
from engine.runs.session import Session
from engine.runs.store import list_runs, remove_run
from engine.sections.trained import network_run
from tests.conftest import a_few
from tests.engine.conftest import spoil_array, spoil_json


def chosen_of(copied):
    return choose(copied["train"].path.parent, [])


def broken(copied, data, device):
    findings = list(referee(chosen_of(copied), data, device))
    return [finding.claim for finding in findings if finding.holds is False]


class Page(HTMLParser):
    """Collects tags and addresses of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.addresses, self.images = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.tags.append(tag)
        self.addresses += [values[name] for name in ("src", "href") if name in values]
        if tag == "img":
            self.images.append(values)


@pytest.fixture(scope="module")
def page(runs, few, cpu, tmp_path_factory):
    """The text of a report of the runs."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    chosen = choose(runs["train"].path.parent, [])
    assert lead_of(chosen) == (
        "Two classifiers, the noise that fools one of them, and what excites its neurons."
    )
    alone = Chosen(chosen.trainings[:1], chosen.noises, ())
    assert lead_of(alone) == "One classifier and noise that fools it."
    assert lead_of(Chosen((), (), chosen.neurons)) == "What excites a network's neurons."
    findings = write_report(chosen, few, cpu, path, "mnist-tui report")
    assert all(finding.holds is not False for finding in findings)
    return path.read_text()


def test_networks_that_are_gone_are_no_fault_of_the_runs_that_rest_on_them(copied, few, cpu):
    noise = copied["adversarial"]
    remove_run(Run(noise.path.parent / noise.read_config().other_runs["baseline"]))
    findings = list(referee(chosen_of(copied), few, cpu))
    assert all(finding.holds is not False for finding in findings)
    [again] = [f for f in findings if f.claim.startswith("Success comes out again")]
    assert again.holds
    assert "on baseline: cannot be checked" in again.words
    remove_run(copied["train"])
    findings = list(referee(chosen_of(copied), few, cpu))
    unknown = [f.claim for f in findings if "is no longer in" in f.words]
    assert len(unknown) == 6
    assert all(f.holds is None for f in findings if f.claim in unknown)
    assert all(finding.holds is not False for finding in findings)


def test_it_needs_nothing_outside_itself(page):
    parsed = Page(page)
    assert all(re.match("data:image/png;base64,|#", address) for address in parsed.addresses)
    assert "script" not in parsed.tags
    assert "@import" not in page
    assert "url(" not in page


def test_every_picture_has_its_text(page):
    images = Page(page).images
    assert len(images) >= 2 * 4 + 3 + 2 + 3
    assert all(len(image["alt"]) > 30 for image in images)
    assert len({image["alt"] for image in images}) == len(images)


def test_it_names_data_versions_device_seeds_and_the_command(page, runs):
    info = runs["train"].read_info()
    for words in (info["dataset"]["sha256"], runs["adversarial"].id, "mnist-tui report",
                  f"torch {info['environment']['versions']['torch']}", "seed"):  # fmt: skip
        assert words in page


def test_of_other_images_it_says_nothing_of_digits_or_of_mnist_s_numbers(copied):
    chosen = chosen_of(copied)
    dataset = {"name": "fashion-mnist", "classes": list(FASHION_MNIST.classes)}
    for run in chosen.all:
        spoil_json(run, "run.json", lambda info: info["dataset"].update(dataset))
    page = render(chosen, [], "again")
    assert "<h1>Convolutional networks on Fashion-MNIST</h1>" in page
    for target in copied["adversarial"].read_result()["targets"]:
        assert f"Target {numbered(dataset['classes'], target['label'])}<" in page
    words = re.sub(r"<code>.*?</code>|data:image/png;base64,[^\"]*", "", page)
    assert not re.search(r"digit|course report's|validated on its test set|points", words)


def test_the_second_opinion_says_class_where_there_are_no_digits(copied, few):
    noises = copied["adversarial"]
    for classes, words in ((few.classes, "other digits"), (FASHION_MNIST.classes, "other classes")):
        data = dataclasses.replace(few, classes=classes)
        verdict = second_opinion.on_success(noises, network_run(noises.read_config()), data)
        assert words in verdict.words


def test_it_says_what_holds(page):
    assert "All that could be checked holds." in page
    assert "does not hold" not in re.sub("<style>.*?</style>", "", page, flags=re.DOTALL)


def test_it_says_what_does_not_hold(copied, few, cpu, tmp_path):
    def better(result):
        result["test"]["accuracy"] = 0.999

    spoil_json(copied["train"], "result.json", better)
    write_report(chosen_of(copied), few, cpu, tmp_path / "r.html", "again")
    text = (tmp_path / "r.html").read_text()
    assert 'class="fails"' in text
    assert 'role="alert"' in text
    assert "2 of" in text  # verification, and the second opinion


def test_hostile_words_stay_words(copied, few, cpu, tmp_path):
    copied["train"].update(command="mnist-tui <script>alert(1)</script>")
    write_report(chosen_of(copied), few, cpu, tmp_path / "r.html", "<b>again</b>")
    text = (tmp_path / "r.html").read_text()
    assert "<script>" not in text
    assert "<b>again</b>" not in text


def test_sound_runs_hold(copied, few, cpu):
    findings = list(referee(chosen_of(copied), few, cpu))
    assert all(finding.holds is not False for finding in findings)
    assert len(findings) >= 12


def change_target(copied, change):
    spoil_json(copied["adversarial"], "result.json", lambda result: change(result["targets"][0]))


def flaw_weights(copied):
    spoil_json(copied["train"], "result.json", lambda r: r["test"].update(accuracy=0.999))


def flaw_counted(copied):
    change_target(copied, lambda t: t["success"].update(n=50))


def flaw_own_digit(copied):
    change_target(copied, lambda t: t["by_source"].__setitem__(1, 1.0))


def flaw_interval(copied):
    change_target(copied, lambda t: t["success"].update(low=0.0, high=1.0))


def flaw_random(copied):
    change_target(copied, lambda t: t.update(random_noise_success=1.0))


def flaw_clamp(copied):
    noise = np.load(copied["adversarial"].path / "noise.npy")
    size = float(np.linalg.norm(noise[0]))
    change_target(copied, lambda t: t["distortion"].update(effective_l2=size * 1.5))


def flaw_noise(copied):
    spoil_array(copied["adversarial"], "noise.npy")


def flaw_images(copied):
    path = copied["visualize"].path / "images.npy"
    np.save(path, np.load(path) + np.float32(0.5))


def flaw_activation(copied):
    def change(result):
        result["neurons"][3]["activation_end"] += 1

    spoil_json(copied["visualize"], "result.json", change)


def flaw_dead(copied):
    spoil_json(copied["visualize"], "result.json", lambda r: r["neurons"][2].update(dead=True))


def flaw_crafted_on_other_images(copied):
    """As if crafting had seen other images: the journal's first losses are not what comes again."""
    path = copied["adversarial"].path / "events.jsonl"
    first_loss = r'"series":\{"loss":\[\[[\d.]+'
    path.write_text(re.sub(first_loss, '"series":{"loss":[[9.9', path.read_text()))


@pytest.mark.parametrize(
    ("flaw", "claim"),
    [
        (flaw_weights, "Test accuracy comes out again"),
        (flaw_counted, "A second implementation counts the same success"),
        (flaw_own_digit, "Success comes out again"),
        (flaw_interval, "Success comes out again"),
        (flaw_weights, "A second implementation counts the same accuracy"),
        (flaw_activation, "A second implementation finds the same activations"),
        (flaw_random, "Random noise of the same size does not do it"),
        (flaw_clamp, "Images are clamped"),
        (flaw_noise, "Success comes out again"),
        (flaw_images, "Images of neurons keep to [0, 1]"),
        (flaw_dead, "Dead neurons are said to be dead"),
        (flaw_crafted_on_other_images, "Test images are untouched by crafting"),
    ],
)
def test_a_planted_flaw_is_found(copied, few, cpu, flaw, claim):
    flaw(copied)
    assert any(found.startswith(claim) for found in broken(copied, few, cpu))


@pytest.mark.parametrize(
    ("section", "name"),
    [("train", "weights.pt"), ("adversarial", "noise.npy"), ("visualize", "images.npy")],
)
@pytest.mark.parametrize("content", a_few([b"nonsense", None, b""]))
def test_what_is_lost_or_damaged_is_found_and_the_page_is_made(
    copied, few, cpu, tmp_path, section, name, content
):
    run = copied[section]
    chosen = choose(run.path.parent, [run.id])
    list(draw_figures(run))
    path = run.path / name
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    findings = write_report(chosen, few, cpu, tmp_path / "r.html", "again")
    assert any(name in f.words for f in findings if f.holds is False)


def test_a_device_is_written_to_and_a_link_followed(copied, few, cpu, tmp_path):
    chosen = choose(copied["train"].path.parent, [copied["train"].id])
    target, link = tmp_path / "target.html", tmp_path / "link.html"
    target.write_text("")
    link.symlink_to(target)
    write_report(chosen, few, cpu, link, "again")
    assert link.is_symlink()
    assert target.stat().st_size > 1000
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    heard: list[str] = []
    reader = threading.Thread(target=lambda: heard.append(pipe.read_text()))
    reader.start()
    write_report(chosen, few, cpu, pipe, "again")
    reader.join(60)
    assert heard[0].rstrip().endswith("</html>")
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_test_images_among_the_training_images_are_found(copied, few, cpu):
    leaking = dataclasses.replace(few, test=few.train)
    [first, *_] = referee(Chosen((), (), ()), leaking, cpu)
    assert first.holds is False
    assert "60 found" in first.words


@pytest.mark.parametrize("falls", [False, True])
def test_success_that_falls_as_the_budget_grows_is_found(copied, few, cpu, falls):
    run = copied["adversarial"]
    for number, (epsilon, rate) in enumerate([(0.1, 0.9 if falls else 0.1), (0.2, 0.5)]):
        other = run.path.with_name(f"20990101-00000{number}-000-adversarial")
        shutil.copytree(run.path, other)
        spoil_json(type(run)(other), "run.json", lambda i, e=epsilon: i["config"].update(epsilon=e))

        def change(result, rate=rate):
            for target in result["targets"]:
                target["success"] |= {"rate": rate, "low": rate - 0.05, "high": rate + 0.05}

        spoil_json(type(run)(other), "result.json", change)
    found = [f for f in referee(chosen_of(copied), few, cpu) if "budget grows" in f.claim]
    assert [finding.holds for finding in found] == [not falls]


def test_runs_are_chosen_by_name_or_newest_and_of_one_dataset(copied, tmp_path):
    folder = copied["train"].path.parent
    chosen = choose(folder, [])
    assert [run.read_config().model for run in chosen.trainings] == ["baseline", "two-conv"]
    assert [run.id for run in chosen.noises] == [copied["adversarial"].id]
    [named] = choose(folder, [copied["train"].id]).all
    assert named.id == copied["train"].id
    copied["train"].update(status="stopped")
    with pytest.raises(EngineError, match="is stopped"):
        choose(folder, [copied["train"].id])
    spoil_json(copied["visualize"], "run.json", lambda i: i["dataset"].update(sha256="1" * 64))
    with pytest.raises(EngineError, match="several datasets"):
        choose(folder, [copied["visualize"].id, copied["adversarial"].id])
    with pytest.raises(EngineError, match="mnist-tui run all"):
        choose(tmp_path / "nothing", [])


def test_damaged_runs_are_passed_over(copied):
    spoil_json(copied["train"], "run.json", lambda info: info["config"].pop("model"))
    spoil_json(copied["visualize"], "run.json", lambda info: info["dataset"].pop("sha256"))
    chosen = chosen_of(copied)
    assert [run.read_config().model for run in chosen.trainings] == ["baseline"]
    assert chosen.neurons == ()


@pytest.mark.parametrize(
    ("damaged", "words"),
    [("events.jsonl", "has not finished"), ("result.json", r"result\.json is damaged")],
)
def test_what_no_page_can_be_made_of_is_one_clear_error(copied, few, cpu, tmp_path, damaged, words):
    run = copied["train"]
    (run.path / damaged).write_text("{}")
    with pytest.raises(EngineError, match=words):
        write_report(choose(run.path.parent, [run.id]), few, cpu, tmp_path / "r.html", "again")


def test_figures_that_are_gone_are_drawn_again(copied, few, cpu, tmp_path):
    shutil.rmtree(copied["train"].path / "figures", ignore_errors=True)
    write_report(choose(copied["train"].path.parent, [copied["train"].id]), few, cpu,
                 tmp_path / "r.html", "again")  # fmt: skip
    assert (copied["train"].path / "figures" / "loss.png").is_file()
    assert all(check.holds for check in verify(copied["train"], few, cpu))
    assert len(list_runs(copied["train"].path.parent)) == 4


@pytest.mark.extended
def test_a_judge_that_does_not_clamp_is_found_by_the_second_opinion(copied, few, cpu, monkeypatch):
    """Its own verification repeats its own mistake and agrees."""
    config = copied["adversarial"].read_config()
    config = dataclasses.replace(config, recipe="assignment", steps=30)
    for module in ("engine.sections.adversarial.evaluate", "engine.numerics.inference"):
        monkeypatch.setattr(f"{module}.infuse", lambda images, noise: 9 * (images + 40 * noise))
    run = Session(config, few, cpu, listen=lambda event: None).run()
    chosen = Chosen((copied["train"],), (run,), ())
    found = [one.claim for one in referee(chosen, few, cpu) if one.holds is False]
    assert any(
        claim.startswith("A second implementation counts the same success") for claim in found
    )
    assert not any(claim.startswith("Success comes out again") for claim in found)


@pytest.mark.parametrize("change", [
    lambda state: state | {"conv1.bias": state["conv1.bias"].double()},
    lambda state: state | {"logits.weight": state["logits.weight"][:, :5]},
    lambda state: {"conv1.weight": state["conv1.weight"]},
    lambda state: [1, 2],
], ids=["double", "shape", "missing", "list"])  # fmt: skip
def test_the_second_opinion_is_told_of_damaged_weights(copied, change):
    path = copied["train"].path / "weights.pt"
    torch.save(change(torch.load(path)), path)
    with pytest.raises(EngineError):
        second_opinion.network_of(copied["train"])


@pytest.mark.extended
def test_crafting_cannot_peek_at_test_images(copied, few, cpu, monkeypatch):
    """What it is given as test images is black, from its first step to its last."""
    from engine.sections.adversarial import craft

    seen, honest = [], craft.craft

    def peeking(config, data, device, state):
        for event in honest(config, data, device, state):
            seen.append(int(data.test.images.max()))
            yield event

    monkeypatch.setattr(craft, "craft", peeking)
    config = copied["adversarial"].read_config()
    run = Session(config, few, cpu, listen=lambda event: None).run()
    assert run.read_info()["status"] == "finished"
    assert len(seen) > 8
    assert set(seen) == {0}
