"""Command lines at random, from a seed, run in a folder of their own, and what must hold of each.

``World`` is the folder: small runs, folders of odd names, files where folders are expected.
``command_lines`` makes the lines, ``World.run`` runs one in this process, ``World.start`` in one of
its own, and ``complaints`` tells what is wrong with what came of it.
"""

import io
import itertools
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer

from engine.laboratory import Laboratory
from engine.options import options_of
from engine.runs.lock import LOCK_FILE, is_driven
from engine.runs.store import list_runs
from engine.sections import configs
from engine.sweeps.plan import plan
from engine.sweeps.spec import Spec
from engine.sweeps.sweep import create_sweep
from tui.cli.main import app, invoke
from tui.commands import environment_variable

CODES = {0, 1, 2, 130, 141}
# What no terminal may be sent, newlines excepted.
CONTROL = re.compile("[\0-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")

# Runs take a step or two and nothing is downloaded, unless a line says otherwise.
SMALL = {
    "dataset": "digits", "offline": "1", "threads": "1", "epochs": "1", "steps": "1",
    "batch_size": "1260", "model": "baseline", "label": "1", "layer": "logits", "neuron": "0",
    "device": "cpu",
}  # fmt: skip
NO_NETWORK = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}

ODD_NAMES = [
    "w[old]", "x[⁄old]", "[bold]", "[", ":smile:", "$x^{$", "%s{0}{task}", "a b", "~", "-x", "é日",
    "e\x1b]0;title\x07", "c\x9b31m", "two\nlines", "d\x7f", "r\u202egnp", "n\udcffo", "'", '"', "*",
    "=1+1", "#?&", "CON", "x" * 200,
]  # fmt: skip
ODD_TEXTS = [
    *ODD_NAMES, "", " ", "-", "--", ".", "..", "/", "\\", "[/]", "[/old]", "\r", "\t", "None",
    "null", "true", "x" * 5000, "file", "file/below", "link", "loop", "fifo", "nowhere", "empty",
    "runs/none", "auto", "🙂", "\u0301", "a\0b".replace("\0", "\x01"),
]  # fmt: skip
ODD_NUMBERS = [
    "0", "-0", "-1", "1", "1.0", "1.5", "1e3", "1e400", "-1e-400", "nan", "inf", "-inf", "1_0",
    "１", "²", "٣", "0x10", "1,0", "+1", " 1", "9" * 30, "9" * 5000, "1" + "0" * 400, "--1", "true",
]  # fmt: skip
ODD_DEVICES = [
    "cpu:0", "cpu:1", "cpu:-1", "cuda", "cuda:99", "cuda:x", "meta", "mps", "xpu", "xla", "hpu",
    "vulkan", "privateuseone", "mkldnn", "ipu", "lazy", "toaster", "fpga", "maia", "mtia",
]  # fmt: skip
VARIABLES = {
    "COLUMNS": ["0", "-5", "²", "1", "9" * 4000, "x"],
    "LINES": ["0", "²"],
    "TERM": ["", "dumb", "\x1b]0;t\x07", "xterm"],
    "NO_COLOR": ["1", ""],
    "FORCE_COLOR": ["1", ""],
    "TTY_COMPATIBLE": ["1", "0"],
    "LANG": ["C", "de_DE.UTF-8", "x"],
    "MNIST_TUI_DEBUG": ["0", ""],
}
COMMAND_OPTIONS = ("--help", "-h", "--version", "--no-such", "-x", "--", "-", "--js", "--al")


def walk(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield a command and those below it, with their words."""
    yield words, command
    for name, each in getattr(command, "commands", {}).items():
        yield from walk(each, (*words, name))


FLAGS = {
    parameter.opts[0]
    for _, command in walk(typer.main.get_command(app))
    for parameter in command.params
    if getattr(parameter, "is_flag", False)
}


@dataclass(frozen=True)
class Line:
    """A command line, what is changed in the environment and the folder that it is run in."""

    arguments: tuple[str, ...]
    variables: dict[str, str] = field(default_factory=dict)
    folder: str = "."

    def __str__(self) -> str:
        return f"{list(self.arguments)!r} with {self.variables!r} in {self.folder!r}"


def command_lines(seed: int, count: int) -> Iterator[Line]:
    """Yield ``count`` command lines, the same ones for a seed."""
    rng = random.Random(seed)
    commands = list(walk(typer.main.get_command(app)))
    # Trainings take a second: other commands come more often.
    weights = [1 if words[:1] == ("run",) else 3 for words, _ in commands]
    for _ in range(count):
        words, command = rng.choices(commands, weights)[0]
        if rng.random() < 0.03:
            words = (*words[:-1], rng.choice(ODD_TEXTS))
        yield Line(tuple(_arguments(rng, words, command)), _variables(rng), _folder(rng))


def _arguments(rng: random.Random, words: tuple[str, ...], command: Any) -> Iterator[str]:
    options = [
        p
        for p in command.params
        if p.opts[0].startswith("-") and not p.opts[0].endswith("-completion")  # writes ~/.bashrc
    ]
    before, after = [], []
    for parameter in rng.sample(options, min(len(options), rng.choice((0, 0, 1, 1, 2, 3, 6)))):
        (before if rng.random() < 0.04 else after).extend(_option(rng, parameter))
    places = [p for p in command.params if not p.opts[0].startswith("-")]
    if places and rng.random() < 0.95:
        names = rng.choice((1, 1, 2, 3)) if places[0].nargs == -1 or rng.random() < 0.03 else 1
        after += [_place(rng, places[0]) for _ in range(names)]
    if words[:2] == ("sweep", "run"):
        after.append("--dry-run")  # its runs are those of `run`; here many would take minutes
    if words == ("run", "all"):
        after += ["--threads", "0"]  # the whole report takes minutes: here it is only ever refused
    if words[-1:] == ("rm",) and rng.random() < 0.7:
        after.append("--yes")
    if rng.random() < 0.1:
        after.append(rng.choice((*COMMAND_OPTIONS, *ODD_TEXTS)))
    if rng.random() < 0.05:
        rng.shuffle(after)
    yield from (*before, *words, *after)


def _option(rng: random.Random, parameter: Any) -> Iterator[str]:
    name = parameter.opts[0]
    if parameter.is_flag:
        yield name if rng.random() < 0.95 else f"{name}={rng.choice(ODD_TEXTS)}"
        return
    value = _value(rng, name, parameter)
    if rng.random() < 0.3:
        yield f"{name}={value}"
    else:
        yield name
        if rng.random() < 0.97:
            yield value


def _value(rng: random.Random, name: str, parameter: Any) -> str:
    kind = parameter.type.name
    if rng.random() < 0.15:
        return rng.choice(ODD_TEXTS + ODD_NUMBERS)
    if name in ("--artifacts", "--data-root", "--output") and rng.random() < 0.6:
        return {"--output": "report.html"}.get(name, "artifacts")
    if kind == "choice":
        return rng.choice(parameter.type.choices)
    if kind in ("integer", "float"):
        return rng.choice((*ODD_NUMBERS, *"12", "0.5", "0.01"))
    match name:
        case "--device":
            return rng.choice(ODD_DEVICES)
        case "--dataset":
            return rng.choice(("digits", "auto", "mnist", "cifar", "artifacts/none.npz", ".npz"))
        case "--run":
            return _run(rng)
        case "--model":
            return rng.choice(("baseline", "two-conv-fc", "lenet", "BASELINE", "baseline "))
        case "--layer":
            return rng.choice(("logits", "pool1", "pool2", "pool3", "LOGITS"))
        case "--set":
            values = (
                "learning_rate=0.1,0.2",
                "label=1,2",
                "epochs=1",
                "seed=1",
                "run=2",
                "=",
                "a=b",
            )
            return rng.choice((*values, *ODD_TEXTS))
        case "--seeds":
            return rng.choice(("0..2", "3..1", "0..99999999", "1,2", *ODD_NUMBERS))
        case "--output":
            return rng.choice((*ODD_TEXTS, "report.html", "new/report.html"))
    return rng.choice(ODD_TEXTS)  # folders


def _place(rng: random.Random, parameter: Any) -> str:
    if parameter.type.name == "choice":
        return rng.choice((*parameter.type.choices, "cifar"))
    return _run(rng)


def _run(rng: random.Random) -> str:
    if rng.random() < 0.2:
        return rng.choice(ODD_TEXTS)
    networks = ("train-baseline", "train-two-conv-fc", "train-stopped", "train-damaged")
    sweeps = ("done", "sweep-damaged")
    looking = ("adversarial-two-conv-fc", "visualize-two-conv-fc")
    return rng.choice((*networks, *looking, *sweeps, "2", "-"))


def _variables(rng: random.Random) -> dict[str, str]:
    changed = {}
    if rng.random() < 0.15:
        name = rng.choice(list(VARIABLES))
        changed[name] = rng.choice(VARIABLES[name])
    if rng.random() < 0.2:
        names = {name for kind in configs().values() for name in options_of(kind)} | set(SMALL)
        # An empty one counts as unset, and would let a run be as long as it is by default.
        name = rng.choice(sorted(names - {"epochs", "steps", "batch_size", "offline"}))
        changed[environment_variable(name)] = rng.choice(ODD_TEXTS + ODD_NUMBERS)
    if rng.random() < 0.05:
        changed[f"MNIST_TUI_{rng.choice(ODD_NAMES)}".replace("=", "")] = rng.choice(ODD_TEXTS)
    if rng.random() < 0.1:  # nothing chosen, for --all and the defaults
        changed |= {environment_variable(name): "" for name in ("model", "label", "neuron")}
    return changed


def _folder(rng: random.Random) -> str:
    return rng.choice((".", ".", ".", *ODD_NAMES))


class World:
    """A folder that lines are run in, and nowhere else; made anew when it was changed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home, self.here, self._made = root / "home", root / "here", root / "made"
        self.environment = SMALL_ENVIRONMENT | {
            "HOME": str(self.home),
            "TMPDIR": str(root / "tmp"),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.environ.get("PYTHONPATH", str(Path(__file__).parents[2])),
            "PYTHONDONTWRITEBYTECODE": "1",
        } | {
            f"XDG_{name}_HOME": str(self.home / name.lower())
            for name in ("CACHE", "CONFIG", "DATA", "STATE")
        }  # fmt: skip
        for folder in (self.home, root / "tmp", self._made):
            folder.mkdir(parents=True)
        self._make()
        self.renew()

    def _make(self) -> None:
        """Make the runs and the odd names once; ``renew`` copies them."""
        runs = self._made / "runs"
        for arguments in (
            ["train"], ["train", "--model", "two-conv-fc"], ["adversarial", "--label", "1"],
            ["visualize", "--layer", "logits", "--neuron", "0"],
        ):  # fmt: skip
            line = Line(("run", *arguments, "--quiet", "--artifacts", str(runs)))
            with self._entered(line, self._made):
                assert invoke(list(line.arguments)) == 0
        first = list_runs(runs)[-1].path
        for name, values in (("stopped", {"status": "stopped"}), ("damaged", None)):
            copy = shutil.copytree(first, runs / f"20200101-000000-000-train-{name}")
            text = json.loads((copy / "run.json").read_text())
            changed = "{" if values is None else json.dumps(text | values)
            (copy / "run.json").write_text(changed)
        self._make_sweeps(runs, first.name)
        (self._made / "file").write_text("x")
        (self._made / "empty").mkdir()
        (self._made / "link").symlink_to("runs")
        (self._made / "loop").symlink_to("loop")
        os.mkfifo(self._made / "fifo")
        (self._made / "artifacts").symlink_to("runs")
        for name in ODD_NAMES:
            (self._made / name).mkdir()
            (self._made / name / "artifacts").symlink_to("../runs")

    def _make_sweeps(self, runs: Path, run_id: str) -> None:
        """Make a sweep whose only run is there and has finished, and a damaged one."""
        options = {"dataset": "digits", "model": "baseline", "artifacts": str(runs)}
        spec = Spec(section="train", name="done", options=options)
        sweep = create_sweep(plan(spec, Laboratory(warn=lambda line: None)))
        file = sweep.path / "sweep.json"
        file.write_text(file.read_text().replace(sweep.plan.runs[0].run_id, run_id))
        info = runs / run_id / "run.json"
        info.write_text(json.dumps(json.loads(info.read_text()) | {"sweep": sweep.id}))
        copy = shutil.copytree(sweep.path, runs / "20200101-000000-000-sweep-damaged")
        (copy / "sweep.json").write_text("{")

    def renew(self) -> None:
        """Put everything back as it was made."""
        shutil.rmtree(self.here, ignore_errors=True)
        shutil.copytree(self._made, self.here, symlinks=True, ignore=lambda *_: ["fifo"])
        os.mkfifo(self.here / "fifo")

    def run(self, line: Line) -> tuple[int, str, str]:
        """Run a line in this process; return its exit code and what it printed."""
        with self._entered(line, self.here / line.folder) as (out, err):
            code = invoke(list(line.arguments))
            sys.stdout.flush()
            sys.stderr.flush()
            return code, *(stream.getvalue().decode() for stream in (out, err))

    def settle(self) -> None:
        """Wait until nothing drives a run any more that a line put into the background."""
        deadline = time.monotonic() + 60
        for folder, _, names in os.walk(self.here):
            while LOCK_FILE in names and is_driven(Path(folder)):
                assert time.monotonic() < deadline, f"{folder} is driven for ever"
                time.sleep(0.05)

    def start(self, line: Line) -> tuple[int, str, str]:
        """Run a line in a process of its own, whose files are watched too."""
        program = (
            "import sys; from tests.fuzz.commands import watching; from tui.cli.main import main\n"
            f"with watching({str(self.root)!r}): main()"
        )
        done = subprocess.run(
            [sys.executable, "-P", "-c", program, *line.arguments],
            env=self.environment | line.variables,
            cwd=self.here / line.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=120,
        )
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    @contextmanager
    def _entered(self, line: Line, folder: Path) -> Iterator[tuple[io.BytesIO, io.BytesIO]]:
        """Take on the line's folder, environment and streams; nothing outside may be written."""
        before = os.getcwd(), dict(os.environ), sys.argv, sys.stdin, sys.stdout, sys.stderr
        temporary, tempfile.tempdir = tempfile.tempdir, str(self.root / "tmp")
        streams = io.BytesIO(), io.BytesIO()
        try:
            os.environ.clear()
            os.environ.update(self.environment | line.variables)
            os.chdir(folder)
            sys.argv = ["mnist-tui", *line.arguments]
            sys.stdin = io.StringIO()
            sys.stdout, sys.stderr = (io.TextIOWrapper(s, "utf-8") for s in streams)
            with watching(str(self.root)):
                yield streams
        finally:
            cwd, environment, sys.argv, sys.stdin, sys.stdout, sys.stderr = before
            tempfile.tempdir = temporary
            os.chdir(cwd)
            os.environ.clear()
            os.environ.update(environment)


SMALL_ENVIRONMENT = NO_NETWORK | {environment_variable(n): value for n, value in SMALL.items()}

_watched: list[str] = []  # the folder that may be written, where one is watched
_hooked: list[bool] = []  # a hook stays for good
_WRITES = {
    "os.mkdir": (0,), "os.rename": (0, 1), "os.remove": (0,), "os.rmdir": (0,), "os.link": (1,),
    "os.symlink": (1,), "os.truncate": (0,), "shutil.rmtree": (0,), "os.chmod": (0,),
}  # fmt: skip
_DEVICES = ("/dev/", "/proc/self/")


class WroteOutside(BaseException):
    """Something was written where nothing may be; not an Exception, which would be handled."""


@contextmanager
def watching(folder: str) -> Iterator[None]:
    """Raise WroteOutside where anything is written outside a folder, by whatever library."""
    if not _hooked:
        sys.addaudithook(_audit)
        _hooked.append(True)
    bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    _watched.append(os.path.realpath(folder))
    try:
        yield
    finally:
        _watched.pop()
        sys.dont_write_bytecode = bytecode


def _audit(event: str, arguments: tuple) -> None:
    if not _watched:
        return
    if event == "open":
        path, mode, flags = arguments
        writes = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
        paths = (path,) if flags & writes or set(mode or "") & set("wax+") else ()
    else:
        paths = tuple(arguments[index] for index in _WRITES.get(event, ()))
    for path in paths:
        if isinstance(path, int):
            continue
        # A relative one may belong to a folder that is open, which the event does not tell of.
        place = os.path.realpath(os.fsdecode(path))
        if not os.path.isabs(os.fsdecode(path)) and ".." not in os.fsdecode(path):
            continue
        if not place.startswith((_watched[-1] + os.sep, *_DEVICES)):
            raise WroteOutside(f"{event} {place}")


def _wants_json(line: Line) -> bool:
    """Tell whether a line asks for JSON, where ``--json`` is no option's value."""
    for before, word in itertools.pairwise(("", *line.arguments)):
        if word == "--" or word == "--version":
            return False
        if word == "--json":
            return not before.startswith("--") or "=" in before or before in FLAGS
    return False


def complaints(line: Line, code: int, out: str, err: str) -> list[str]:
    """Return what is wrong with what a line did, nothing where all is well."""
    wrong = []
    both = out + err
    if code not in CODES:
        wrong.append(f"exit code {code}")
    debugs = any(word.startswith("--de") for word in line.arguments)
    if "Traceback" in both and not debugs:
        wrong.append("a traceback")
    if "mnist-tui: unexpected " in both.lower():
        wrong.append("something unexpected")
    if found := CONTROL.search(both):
        wrong.append(f"a control character {found.group()!r}")
    last = err.rstrip("\n").rpartition("\n")[2]
    is_help = "Usage: mnist-tui" in both
    if code and not is_help and not (last.startswith("mnist-tui: ") or "DIFFERS" in out):
        wrong.append("no line that says why")
    said = [row for row in err.splitlines() if " sets no option" not in row]
    if code == 2 and not is_help and not debugs and len(said) != 1:
        wrong.append(f"{len(said)} lines for what one says")
    if _wants_json(line) and not is_help:
        for row in out.splitlines():
            try:
                json.loads(row)
            except ValueError:
                wrong.append(f"no JSON: {row[:100]!r}")
                break
    return wrong
