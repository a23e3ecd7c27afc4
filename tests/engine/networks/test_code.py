import os
import random
import sys

import numpy as np
import pytest
import torch

from engine.errors import EngineError, UsageError
from engine.networks.code import LIMIT, Untrusted, load, open_code, parse, read_code
from engine.networks.ledger import trust
from tests.engine.networks.conftest import COUNTING, HEAD, RESIDUAL, built, linear, written


def test_a_file_and_a_name_are_told_apart():
    path, name = parse("/some:where/net.py:Net_2")
    assert (str(path), name) == ("/some:where/net.py", "Net_2")
    assert parse("~/net.py:Net")[0].is_absolute()


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ("net.py", "net.py:NAME"),
        ("net:Net", "FILE.py:NAME"),
        ("Net", "FILE.py:NAME"),
        ("net.py:", "after the colon"),
        ("net.py:a b", "after the colon"),
        ("net.py:Né", "after the colon"),
        ("net.py:" + "a" * 61, "after the colon"),
        ("net\n.py", "net\N{REPLACEMENT CHARACTER}.py"),
    ],
)
def test_what_is_no_file_and_name_is_refused(spec, why):
    with pytest.raises(UsageError, match=why):
        parse(spec)


def test_only_a_sound_file_is_read(tmp_path):
    with pytest.raises(EngineError, match="There is no"):
        read_code(tmp_path / "net.py")
    os.mkfifo(tmp_path / "pipe.py")
    with pytest.raises(EngineError, match="not a regular file"):
        read_code(tmp_path / "pipe.py")
    (tmp_path / "latin.py").write_bytes("# é".encode("latin-1"))
    with pytest.raises(EngineError, match="UTF-8"):
        read_code(tmp_path / "latin.py")
    (tmp_path / "large.py").write_bytes(b"#" * (LIMIT + 1))
    with pytest.raises(EngineError, match=r"1,048,57[67]"):
        read_code(tmp_path / "large.py")
    (tmp_path / "link.py").symlink_to("net.py")
    (tmp_path / "net.py").write_text("Net = 3")
    with pytest.raises(EngineError, match="link"):
        read_code(tmp_path / "link.py")
    assert open_code(f"{tmp_path / 'link.py'}:Net").content == b"Net = 3"


def test_a_model_is_known_by_name_and_hash(tmp_path):
    code, other = written(tmp_path, COUNTING), written(tmp_path, RESIDUAL, file="other.py")
    assert code.model == f"Net-{code.sha256[:8]}"
    assert code.model != other.model


@pytest.mark.parametrize("text", [RESIDUAL, COUNTING])
def test_a_network_is_built_from_its_file(tmp_path, text):
    network = built(written(tmp_path, text)).eval()
    assert network(torch.rand(2, 1, 12, 12)).shape == (2, 3)


def test_a_function_takes_what_it_names(tmp_path):
    code = written(
        tmp_path,
        """
        import functools
        from torch import nn
        def exactly(classes, *, width):
            return nn.Linear(width, classes)
        def whatever(**sizes):
            return nn.Linear(sizes["height"], sizes["classes"])
        def nothing():
            return nn.Linear(1, 1)
        class Bare(nn.Module):
            pass
        """,
    )
    for name, shape in [("exactly", (3, 12)), ("whatever", (3, 12)), ("nothing", (1, 1))]:
        assert built(open_code(f"{code.path}:{name}")).weight.shape == shape
    assert list(built(open_code(f"{code.path}:Bare")).parameters()) == []


def test_code_that_the_ledger_does_not_know_is_not_run(tmp_path):
    mark = tmp_path / "mark"
    code = written(tmp_path, f"open({str(mark)!r}, 'w')\n" + COUNTING)
    with pytest.raises(Untrusted, match=r"net\.py.*--trust"):
        load(code, classes=3, height=12, width=12)
    assert not mark.exists()
    trust(code.sha256, "a test")
    load(code, classes=3, height=12, width=12)
    assert mark.exists()


def test_initial_weights_are_a_function_of_the_seed(tmp_path):
    code = written(
        tmp_path,
        linear("return self.output(x.flatten(1))").replace(
            "super().__init__()",
            "super().__init__()\n"
            "        import numpy, random\n"
            "        self.drawn = (random.random(), numpy.random.rand())",
        ),
    )
    first, again, other = (built(code, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(first.output.weight, again.output.weight)
    assert first.drawn == again.drawn
    assert not torch.equal(first.output.weight, other.output.weight)
    assert first.drawn[0] != other.drawn[0]
    assert first.drawn[1] != other.drawn[1]


def test_building_leaves_the_global_generators_alone(tmp_path):
    def drawn():
        return torch.rand(1).item(), float(np.random.rand()), random.random()

    states = torch.get_rng_state(), np.random.get_state(), random.getstate()
    expected = drawn()
    torch.set_rng_state(states[0])
    np.random.set_state(states[1])
    random.setstate(states[2])
    built(written(tmp_path, "import torch\ntorch.manual_seed(3)\n" + COUNTING), seed=5)
    assert drawn() == expected


SETTINGS = {
    "torch.set_default_dtype(torch.float64)": torch.get_default_dtype,
    "torch.set_default_device('meta')": torch.get_default_device,
    "torch.set_grad_enabled(False)": torch.is_grad_enabled,
    "torch.autograd.set_detect_anomaly(True)": torch.is_anomaly_enabled,
    "torch.set_num_threads(3)": torch.get_num_threads,
    "torch.use_deterministic_algorithms(True)": torch.are_deterministic_algorithms_enabled,
    "torch.backends.cudnn.benchmark = True": lambda: torch.backends.cudnn.benchmark,
    "torch.backends.cuda.matmul.allow_tf32 = True": torch.get_float32_matmul_precision,
    "torch.set_float32_matmul_precision('medium')": torch.get_float32_matmul_precision,
    "torch.backends.cuda.matmul.fp32_precision = 'tf32'": torch.get_float32_matmul_precision,
    "import sys; sys.path.insert(0, '/nowhere')": lambda: list(sys.path),
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_settings_of_the_process_are_restored(tmp_path, setting):
    before = SETTINGS[setting]()
    built(written(tmp_path, f"import torch\n{setting}\nNet = torch.nn.Identity"))
    assert SETTINGS[setting]() == before


def test_what_it_prints_goes_to_standard_error(tmp_path, capsys):
    built(written(tmp_path, "print('imported')\n" + COUNTING))
    assert capsys.readouterr() == ("", "imported\n")


def test_lazy_layers_find_their_sizes_under_the_seed(tmp_path):
    text = HEAD + "Net = lambda classes: nn.Sequential(nn.Flatten(), nn.LazyLinear(classes))\n"
    first, again = (built(written(tmp_path, text), seed=4) for _ in range(2))
    assert first[1].weight.shape == (3, 144)
    assert torch.equal(first[1].weight, again[1].weight)
    assert first.training
    assert first[1].training


def test_dataclasses_and_deferred_annotations_work(tmp_path):
    text = """
        from __future__ import annotations
        from dataclasses import dataclass
        from torch import nn
        @dataclass
        class Sizes:
            classes: Whatever
        def Net(classes: Unknown) -> Nothing:
            return nn.Linear(1, Sizes(classes).classes)
    """
    assert built(written(tmp_path, text)).out_features == 3


def test_the_module_shadows_none(tmp_path):
    import engine

    before = sys.modules["engine"]
    code = written(tmp_path, "import engine\nprint(engine.__file__)\n" + COUNTING, file="engine.py")
    network = built(code)
    assert type(network).__module__ == f"mnist_tui_model_{code.sha256[:8]}"
    assert sys.modules["engine"] is before is engine


def fails(code):
    """Build a network that does not build, and return what it says."""
    with pytest.raises(EngineError) as caught:
        built(code)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(code.words + ": ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import torch\ndef Net(:\n", "SyntaxError: invalid syntax (line 2)."),
        ("Net = '\0'", "null bytes"),
        ("def Net():\n\tpass\n        pass", "TabError"),
        ("\nraise ValueError('no\\nmore')", "ValueError: no (line 2)."),
        ("import sys\nsys.exit(3)", "SystemExit: 3 (line 2)."),
        ("def Net():\n  raise SystemExit", "SystemExit (line 2)."),
        ("class Odd(BaseException): pass\nraise Odd", "Odd (line 2)."),
        ("def Net(depth): pass", "missing 1 required positional argument: 'depth'."),
        ("def Net():\n  return Net()", "RecursionError"),
        ("def Net():\n  return {}", "returns a dict, not a torch.nn.Module"),
        ("import torch\nNet = torch.nn.ReLU()", "Net is a ReLU, not a class or a function."),
        ("def Other(): pass\nclass More: pass", "no class or function Net; it has Other, More."),
        ("raise ValueError('\\x1b[2J')", "ValueError: \N{REPLACEMENT CHARACTER}[2J (line 1)."),
        ("raise ValueError('a' * 999)", "a… (line 1)."),
        ("from . import helper", "the run keeps a copy of this one file"),
        ("import not_there.at_all", "No module named 'not_there' (line 1); install not_there"),
        ("from torch import not_there", "cannot import name 'not_there'"),
        ("print(__file__)", "name '__file__' is not defined (line 1)."),
    ],
)
def test_what_does_not_build_says_so_in_a_line(tmp_path, text, said):
    assert said in fails(written(tmp_path, text))


def test_a_file_that_failed_is_not_left_among_the_modules(tmp_path):
    code = written(tmp_path, "1 / 0")
    fails(code)
    assert f"mnist_tui_model_{code.sha256[:8]}" not in sys.modules


def test_ctrl_c_passes(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        built(written(tmp_path, "raise KeyboardInterrupt"))


@pytest.mark.parametrize("where", ["import", "build"])
@pytest.mark.parametrize("kind", ["file", "package", "folder"])
def test_neighbours_are_not_imported(tmp_path, monkeypatch, where, kind):
    """Not even where Python would find them: on the search path, in the current folder."""
    mark = tmp_path / "mark"
    places = {"file": "helper_7.py", "package": "helper_7/__init__.py", "folder": "helper_7/a.py"}
    helper = tmp_path / places[kind]
    helper.parent.mkdir(exist_ok=True)
    helper.write_text(f"open({str(mark)!r}, 'w')\n")
    text = {"import": "import helper_7", "build": "def Net():\n    import helper_7"}[where]
    code = written(tmp_path, text)
    for path in (str(tmp_path), ""):
        monkeypatch.syspath_prepend(path)
    monkeypatch.chdir(tmp_path)
    assert "helper_7 is a file of your own" in fails(code)
    (tmp_path / "run").mkdir()
    copy = written(tmp_path / "run", text)  # the current folder is still the one of the helper
    assert "helper_7 is a file of your own" in fails(copy)
    assert not mark.exists()
    assert "helper_7" not in sys.modules
