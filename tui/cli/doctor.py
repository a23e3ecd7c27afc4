"""``mnist-tui doctor``: what this machine has, on one screen."""

import os
import platform
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from engine.data.known import ROOT
from engine.errors import MnistTuiError
from engine.options import option
from tui.ascii import is_utf8
from tui.cli.data import Found, dataset_states, in_short
from tui.cli.options import AsJson, expand
from tui.console import console_for, say_json
from tui.images import image_words
from tui.streams import keeps_to_ascii


@dataclass(frozen=True, kw_only=True, slots=True)
class Where:
    """What to look at."""

    data_root: str | None = option(None, f"{ROOT}.", path=True)
    device: str = option("auto", "Device to try: auto, cpu, cuda or cuda:N.")
    artifacts: str = option("artifacts", "Folder of run directories.", path=True)


@expand
def doctor(where: Where, json_: AsJson = False) -> None:
    """Check terminal, device, datasets and versions."""
    console = console_for("stdout")
    findings = list(_findings(where, console))
    if json_:
        words = {label.replace(" ", "_"): it for label, it in findings if isinstance(it, str)}
        datasets = [asdict(it) for _, it in findings if isinstance(it, Found)]
        say_json(words | {"datasets": datasets, "versions": _versions()})
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for label, it in findings:
        if isinstance(it, str):
            table.add_row(label, it)
    for each in in_short(it for _, it in findings if isinstance(it, Found)):
        table.add_row(each.name, each.words)
    versions = ", ".join(f"{name} {version}" for name, version in _versions().items())
    table.add_row("versions", versions)
    console.print(table)


def _findings(where: Where, console: Console) -> Iterator[tuple[str, str | Found]]:
    term = f"TERM={os.environ.get('TERM', '')}"
    if console.is_terminal:
        yield "terminal", f"{console.width}x{console.height}, {term}, a terminal"
    else:
        yield "terminal", f"{term}, not a terminal (plain lines)"
    colours = console.color_system or "none"
    if os.environ.get("NO_COLOR"):
        colours = "none (NO_COLOR is set)"
    yield "colours", colours
    yield "characters", _characters()
    yield "images", image_words(plain=keeps_to_ascii())
    yield from _device_findings(where.device)
    yield from ((each.name, each) for each in dataset_states(where.data_root))
    yield "artifacts", _folder_state(folder := Path(where.artifacts))
    if os.path.isdir(folder) and os.access(folder, os.W_OK):
        from engine.runs.folder import folder_words

        yield "locks", folder_words(folder)
    yield "python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"


def _characters() -> str:
    """Return what text is made of, and why where that is ASCII."""
    if is_utf8():
        return "plain ASCII, as asked for" if keeps_to_ascii() else "UTF-8"
    chosen = [f"{name}={os.environ.get(name, '')}" for name in ("LC_ALL", "LC_CTYPE", "LANG")]
    # Python itself sets LC_CTYPE to UTF-8 where LANG asks for C.
    words = next((each for each in chosen if not re.search("=$|utf", each, re.I)), "none is set")
    return f"plain ASCII: the locale is not UTF-8 ({words}); LC_ALL=C.UTF-8 changes that"


def _versions() -> dict[str, str]:
    from importlib import metadata

    names = ("mnist-tui", "torch", "torchvision", "numpy", "matplotlib", "rich", "textual", "typer")
    return {name: metadata.version(name) for name in names}


def _device_findings(asked: str) -> Iterator[tuple[str, str]]:
    import torch

    from engine.numerics import gpus
    from engine.numerics.cores import usable_cores
    from engine.numerics.device import device_name, has_bf16, open_device

    cpu = torch.device("cpu")
    bf16 = "bf16 in hardware" if has_bf16(cpu) else "no bf16 in hardware"
    yield "cpu", f"{device_name(cpu)}, {usable_cores()} of {os.cpu_count()} cores usable, {bf16}"
    if not torch.cuda.is_available():
        yield "cuda", _without_cuda()
    for index in range(torch.cuda.device_count()):
        yield f"cuda:{index}", _gpu(torch.device("cuda", index))
    try:
        chosen = open_device(asked)
    except MnistTuiError as error:
        yield "a run takes", str(error)
        return
    yield "a run takes", f"{chosen.torch_device}, {chosen.precision}, {chosen.threads} threads"
    if chosen.torch_device.type == "cuda":
        from engine.checkup import examine

        mode = gpus.facts(chosen.torch_device.index).compute_mode
        yield "verdict", f"{chosen.torch_device} is {examine(chosen, mode).words}"


def _without_cuda() -> str:
    """Return that torch can use no GPU, and what may be the reason."""
    from engine.numerics import gpus

    words = "no device that torch can use"
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        words += f"; CUDA_VISIBLE_DEVICES is {os.environ['CUDA_VISIBLE_DEVICES']!r}"
    if driver := gpus.facts(0).driver:
        words += f"; there is one, with driver {driver}: is torch built for it?"
    return words


def _gpu(gpu: Any) -> str:
    """Return name, memory, driver, compute mode and MIG of a GPU, as far as they are told."""
    import torch

    from engine.numerics import gpus
    from engine.numerics.device import device_name

    known = gpus.facts(gpu.index)
    words = [device_name(gpu)]
    try:
        free, total = (amount / 2**30 for amount in torch.cuda.mem_get_info(gpu))
        words.append(f"{free:.1f} of {total:.1f} GiB free")
    except RuntimeError as error:  # in other hands, or prohibited
        words.append(f"cannot be used ({str(error).splitlines()[0]})")
    if known.driver:
        words.append(f"driver {known.driver}")
    if known.compute_mode:
        words.append(f"compute mode {known.compute_mode}")
    return ", ".join([*words, *([known.mig] if known.mig else [])])


def _folder_state(folder: Path) -> str:
    places = (folder.absolute(), *folder.absolute().parents)
    # Unlike pathlib's, these are False where access is denied, or a name is too long.
    existing = next((path for path in places if os.path.exists(path)), Path("/"))
    if not os.path.isdir(existing) or not os.access(existing, os.W_OK):
        return f"{folder} cannot be written; choose another with --artifacts"
    return f"{folder} ({'writable' if existing == places[0] else 'will be created'})"
