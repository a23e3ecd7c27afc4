"""Sweeps that are written down in a file."""

import re
from pathlib import Path

import pytest

from engine.errors import EngineError
from engine.sweeps.file import read_spec
from engine.sweeps.spec import Condition, Drawn, Range

WHOLE = """
section = "train"
name = "rates"
seeds = "0..2"
[options]
dataset = "digits"
epochs = 10
[grid]
model = ["baseline", "linear"]
[[list]]
batch-size = 64
[[list]]
batch_size = 128
[random]
runs = 4
seed = 7
learning-rate = { low = 0.001, high = 1.0, scale = "log" }
momentum = [0.8, 0.9]
[[when]]
if = { model = "linear", batch_size = [64, 128] }
then = { epochs = 3 }
"""


@pytest.fixture
def spec(tmp_path):
    def read(text):
        path = tmp_path / "rates-of-learning.toml"
        path.write_text(text)
        return read_spec(path)

    return read


def test_all_that_a_file_can_say(spec):
    found = spec(WHOLE)
    assert (found.section, found.name, found.seeds) == ("train", "rates", (0, 1, 2))
    assert found.options == {"dataset": "digits", "epochs": 10}
    assert found.grid == {"model": ("baseline", "linear")}
    assert found.listed == ({"batch_size": 64}, {"batch_size": 128})
    space = {"learning_rate": Range(0.001, 1.0, log=True), "momentum": (0.8, 0.9)}
    assert found.drawn == Drawn(4, 7, space)
    condition = Condition({"model": ("linear",), "batch_size": (64, 128)}, {"epochs": 3})
    assert found.conditions == (condition,)
    assert len(found.settings()) == 2 * 2 * 4


def test_a_file_s_name_is_the_sweep_s(spec):
    found = spec('section = "all"\nseeds = [3, 4]')
    assert (found.name, found.seeds) == ("rates-of-learning", (3, 4))


def test_options_that_hold_several_values(spec):
    found = spec('section = "adversarial"\n[options]\nlabel = [1, 2]\n[grid]\nlabels = [3, [4, 5]]')
    assert found.options == {"labels": (1, 2)}
    assert found.grid == {"labels": ((3,), (4, 5))}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "section must be a string"),
        ("section = 'paint'", "no section 'paint'"),
        ("section = 'train'\nspeed = 3", "no 'speed'"),
        ("section = 'train'\n[grid]\nspeed = [3]", "no option 'speed'"),
        ("section = 'train'\nseeds = 'all'", "--seeds must be like"),
        ("section = 'train'\nseeds = [1.5]", "seeds must be like"),
        ("section = 'train'\n[options]\nmodel = ['baseline', 'linear']", "a single value"),
        ("section = 'train'\n[random]\nepochs = [1]", "number of its runs"),
        ("section = 'train'\n[random]\nruns = 2\nepochs = []", "nothing to be drawn"),
        ("section = 'train'\n[random]\nruns = 2\nepochs = { low = 3, high = 1 }", "low to high"),
        ("section = 'train'\n[random]\nruns = 2\nepochs = { low = 3 }", "low and high"),
        ("section = 'train'\n[random]\nruns = 2\nepochs = { low = 1, high = 3, scale = 'cubic' }",
         "linear or log"),
        ("section = 'train'\n[[when]]\nthen = { epochs = 1 }", "has an if"),
        ("section = 'train'\n[[when]]\nif = {}\nthen = {}\nskip = true", "either a then or skip"),
        ("section = 'train'\ngrid = 3", "grid must be a table"),
        ("section = [", "not valid TOML"),
        ("a = " + "[" * 3000, "not valid TOML"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_said_in_a_line_that_names_it(spec, text, words):
    with pytest.raises(EngineError, match=words) as error:
        spec(text)
    assert "rates-of-learning.toml" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(EngineError, match="There is no"):
        read_spec(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(EngineError, match="not UTF-8"):
        read_spec(tmp_path / "bytes.toml")


def test_the_file_that_the_guide_shows(spec):
    guide = (Path(__file__).parents[3] / ".github" / "RUNS.md").read_text()
    [shown] = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    settings = spec(shown).settings()
    assert len(settings) == 20
    assert {setting["epochs"] for setting in settings if setting["model"] == "baseline"} == {10}
