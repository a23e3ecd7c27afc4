"""A network of one's own: a file, and the name of a class or function in it.

It is known by that name and the file's hash. The file is run only where the ledger says that the
user let it run on this machine, and by itself: a run holds a copy of it, and nothing else.
"""

import builtins
import hashlib
import inspect
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from engine.errors import EngineError, Untrusted, UsageError
from engine.files.reader import MB, DamagedFile, read_bytes
from engine.files.text import listed, visible
from engine.networks.ledger import is_trusted, trust

if TYPE_CHECKING:  # to name a file takes no torch
    from torch import nn

LIMIT = MB  # bytes of a file
MODEL_FILE = "model.py"  # what its copy is called in a run
LONGEST_NAME = 60
DIGITS = 8  # of the hash, in the name of a model
MODULE = "mnist_tui_model_"  # and these digits: what the file is called while it is imported


@dataclass(frozen=True)
class Code:
    """A file's content, and the name in it that makes the network.

    ``path`` is what messages and tracebacks call it; nothing is read from there again.
    """

    name: str
    content: bytes = field(repr=False)
    path: str = field(compare=False)

    @cached_property
    def sha256(self) -> str:
        """The hash of the content."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def model(self) -> str:
        """What the network is called in runs: ``Net-1a2b3c4d``."""
        return f"{self.name}-{self.sha256[:DIGITS]}"

    @property
    def words(self) -> str:
        """What messages call it: ``net.py:Net``."""
        return visible(f"{self.path}:{self.name}")


def parse(spec: str) -> tuple[Path, str]:
    """Return path and name of ``FILE.py:NAME``. Raises UsageError where it is none."""
    file, colon, name = spec.rpartition(":")
    if not colon and name.endswith(".py"):
        raise UsageError(
            f"{visible(spec)}: say which class or function makes the network: {visible(spec)}:NAME."
        )
    if not file.endswith(".py"):
        raise UsageError(f"{visible(spec)} is not of the form FILE.py:NAME.")
    if not (name.isidentifier() and name.isascii() and len(name) <= LONGEST_NAME):
        raise UsageError(
            f"{visible(spec)}: after the colon stands the name of a class or function, at most "
            f"{LONGEST_NAME} of A-Z, a-z, 0-9 and _."
        )
    return Path(file).expanduser(), name


def read_code(path: str | os.PathLike[str]) -> bytes:
    """Return the content of a network's file.

    Raises EngineError unless it is a regular file of at most 1 MB in UTF-8; links are not followed.
    """
    try:
        content = read_bytes(path, LIMIT)
        content.decode()
    except FileNotFoundError:
        raise EngineError(f"There is no {visible(str(path))}.") from None
    except UnicodeDecodeError:
        raise EngineError(f"{visible(str(path))} is not a Python file in UTF-8.") from None
    return content


def open_code(spec: str) -> Code:
    """Return what ``FILE.py:NAME`` names; a link to the file is followed.

    Raises UsageError and EngineError.
    """
    path, name = parse(spec)
    return Code(name, read_code(os.path.realpath(path)), str(path))


def open_trusted(spec: str) -> Code:
    """Return what ``FILE.py:NAME`` names, and let it be run on this machine from now on.

    Raises UsageError and EngineError.
    """
    code = open_code(spec)
    trust(code.sha256, os.path.abspath(code.path))
    return code


def code_of_run(folder: Path, model: str, sha256: str | None) -> Code:
    """Return the file that a run's network is made by: the copy in its folder, and no other.

    ``sha256`` is its hash by run.json. Raises EngineError where it is missing or another one.
    """
    from engine.networks.more import MORE

    path = folder / MODEL_FILE
    name = MORE[model][1] if model in MORE else model.rpartition("-")[0]
    try:
        code = Code(name, read_bytes(path, LIMIT), str(path))
    except FileNotFoundError:
        raise EngineError(f"There is no {visible(str(path))}, which {model} is made by.") from None
    if code.sha256 != sha256 or (model not in MORE and code.model != model):
        raise DamagedFile(path, "it is not the file that the run began with")
    return code


def check_trusted(code: Code) -> None:
    """Raise Untrusted unless the ledger knows the file."""
    if not is_trusted(code.sha256):
        raise Untrusted(
            f"{code.words}: its code has not been run on this machine before; read "
            f"{visible(code.path)} and add --trust to run it."
        )


def load(code: Code, *, classes: int, height: int, width: int, seed: int = 0) -> "nn.Module":
    """Import the file and build its network, on the CPU; what it draws is a function of ``seed``.

    Raises Untrusted unless the ledger knows the file, and EngineError where it does not import, or
    what it builds is no network.
    """
    check_trusted(code)
    from torch import nn

    with _surroundings(code, seed):
        maker = _maker(code, _import(code))
        module = maker(**_taken(maker, classes=classes, height=height, width=width))
        if not isinstance(module, nn.Module):
            kind = visible(type(module).__name__)
            raise EngineError(f"{code.words} returns a {kind}, not a torch.nn.Module.")
        _materialize(code, module, height, width)
    return module


@contextmanager
def _surroundings(code: Code, seed: int) -> Iterator[None]:
    """Run the file's code by itself; whatever it raises is one line.

    Only a KeyboardInterrupt passes: that is the user's.
    """
    from engine.networks.foreign import (
        described,
        importing_alone,
        printing_aside,
        seeded,
        settings_kept,
    )

    folder = Path(code.path).parent
    try:
        with printing_aside(), seeded(seed), settings_kept(), importing_alone(folder):
            yield
    except (EngineError, KeyboardInterrupt):
        raise
    except ImportError as error:
        remedy = _remedy(error, folder)
        raise EngineError(f"{code.words}: {described(error, code.path)}{remedy}.") from error
    except BaseException as error:  # SystemExit among them
        raise EngineError(f"{code.words}: {described(error, code.path)}.") from error


def _remedy(error: ImportError, folder: Path) -> str:
    """Return what helps against an import that failed."""
    alone = "the run keeps a copy of this one file, so put what it needs of others into it"
    if "relative import" in str(error):
        return f"; {alone}"
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return ""
    top = error.name.partition(".")[0]
    beside = [place / name for place in (folder, Path()) for name in (f"{top}.py", top)]
    if any(place.exists() for place in beside):
        return f": {visible(top)} is a file of your own, and {alone}"
    return f"; install {visible(top)} where mnist-tui is installed"


def _import(code: Code) -> ModuleType:
    """Run the file as a module of a name of its own, which shadows none."""
    program = compile(code.content, code.path, "exec", dont_inherit=True)
    module = ModuleType(MODULE + code.sha256[:DIGITS])
    module.__dict__["__builtins__"] = builtins
    sys.modules[module.__name__] = module  # where dataclasses and pickle look for it
    try:
        exec(program, module.__dict__)
    except BaseException:
        del sys.modules[module.__name__]
        raise
    return module


def _maker(code: Code, module: ModuleType) -> Callable[..., Any]:
    """Return the class or function that makes the network."""
    path = visible(code.path)
    made = vars(module).get(code.name)
    if made is None:
        own = [name for name, value in vars(module).items() if _is_own(value, module)]
        has = f"; it has {visible(listed(own))}" if own else ""
        raise EngineError(f"{path} has no class or function {code.name}{has}.")
    if not (inspect.isclass(made) or inspect.isroutine(made)):
        kind = visible(type(made).__name__)
        raise EngineError(f"{path}: {code.name} is a {kind}, not a class or a function.")
    maker: Callable[..., Any] = made
    return maker


def _is_own(value: Any, module: ModuleType) -> bool:
    if not (inspect.isclass(value) or inspect.isfunction(value)):
        return False
    return bool(value.__module__ == module.__name__)


def _taken(maker: Callable[..., Any], **offered: int) -> dict[str, int]:
    """Return those of the arguments that a class or function takes."""
    from torch import nn

    if getattr(maker, "__init__", None) is nn.Module.__init__:
        return {}  # whose signature takes any, and whose body none
    try:
        parameters = inspect.signature(maker).parameters.values()
    except ValueError:  # written in C
        return {}
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return offered
    named = {
        parameter.name
        for parameter in parameters
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    }
    return {name: value for name, value in offered.items() if name in named}


def _materialize(code: Code, module: "nn.Module", height: int, width: int) -> None:
    """Let lazy layers find out their sizes, which they do when they are first called."""
    import torch
    from torch.nn.parameter import is_lazy

    def lazy() -> bool:
        return any(is_lazy(value) for value in (*module.parameters(), *module.buffers()))

    if lazy():
        modes = {each: each.training for each in module.modules()}
        with torch.no_grad():
            module.eval()(torch.zeros(1, 1, height, width))
        for each, mode in modes.items():
            each.training = mode
    if lazy():
        raise EngineError(f"{code.words} has lazy layers that its forward does not reach.")
