"""Damages a run's directory at random, as a disk, an editor or an attacker would."""

import io
import json
import os
import pickle
import random
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

HUGE = 1 << 40  # bytes of a sparse file, which takes none on the disk
JSON_FILES = ("run.json", "result.json", ".queue")
STATES = ("weights.pt", "checkpoint.pt")
ARRAYS = ("noise.npy", "images.npy")
HIDDEN = (".lock", ".stop", ".queue", ".reserve", ".events.jsonl.x.partial")
ODD: list[Any] = [
    None, True, False, 0, 1, -1, 1.5, -0.5, 1e308, -1e308, 5e-324, 2**31, 2**53, 2**63, 10**30, "",
    "x", "1", "..", "../outside", "/absolute/path", "a/b", "[/]", "[bold", "[@click=app.exit]x[/]",
    "\x1b]52;c;eA==\x07", "\x1b[2J", "\x9b31m", "\u202eabc", "$\\frac$", "{}", "%s", "=1+1", "\n",
    "x" * 5000, "2026-99-99T99:99:99+00:00", "nan", [], {}, [None], [[]], {"": {}}, [0] * 3000,
    ["../outside"], {"baseline": "../outside"}, {"../outside": "0" * 64}, "running", "finished",
    "train", "adversarial", "visualize", "auto", "mnist", "cuda:99", "meta", "bf16", "two-conv",
]  # fmt: skip


def damage(run: Path, rng: random.Random, outside: Path) -> str:
    """Damage a run in one way, or sometimes two; return in words how.

    ``outside`` is a folder that nothing in the run may lead to.
    """
    times = 2 if rng.random() < 0.15 else 1
    return "; ".join(rng.choice(_WAYS)(run, rng, outside) for _ in range(times))


def _any_file(run: Path, rng: random.Random) -> Path:
    names = [path.name for path in run.iterdir() if path.is_file() and not path.is_symlink()]
    return run / rng.choice(sorted(names) or ["run.json"])


def _written(path: Path, content: bytes) -> None:
    _gone(path)
    path.write_bytes(content)


def _gone(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _content(path: Path) -> bytes:
    sound = path.is_file() and not path.is_symlink() and path.stat().st_size < HUGE
    return path.read_bytes() if sound else b""


def truncated(run: Path, rng: random.Random, outside: Path) -> str:
    """Cut a file somewhere."""
    path = _any_file(run, rng)
    content = _content(path)
    size = rng.choice([0, 1, rng.randrange(len(content) + 1), max(0, len(content) - 1)])
    _written(path, content[:size])
    return f"{path.name} cut to {size} of {len(content)}"


def flipped(run: Path, rng: random.Random, outside: Path) -> str:
    """Flip bits of a file."""
    path = _any_file(run, rng)
    content = bytearray(_content(path))
    places = (
        [rng.randrange(len(content)) for _ in range(rng.choice([1, 1, 3, 30]))] if content else []
    )
    for place in places:
        content[place] ^= 1 << rng.randrange(8)
    _written(path, bytes(content))
    return f"{path.name} with {len(places)} bits flipped, the first in byte {places[:1]}"


def overwritten(run: Path, rng: random.Random, outside: Path) -> str:
    """Put other bytes into a file."""
    path = _any_file(run, rng)
    content = _content(path)
    place = rng.randrange(len(content) + 1)
    put = rng.choice([
        b"\0" * 4096, b"\xff\xfe\xfd", b"\n", b"\x1b]0;title\x07", b"[" * 5000, b'{"a":' * 3000,
        b"NaN", b"-Infinity", b"1e999", b"9" * 6000, rng.randbytes(50), b"\xed\xa0\x80",
    ])  # fmt: skip
    _written(path, content[:place] + put + content[place + rng.choice([0, len(put)]) :])
    return f"{path.name} with {put[:12]!r} at {place}"


def removed(run: Path, rng: random.Random, outside: Path) -> str:
    """Remove a file."""
    path = _any_file(run, rng)
    _gone(path)
    return f"{path.name} removed"


def of_another_kind(run: Path, rng: random.Random, outside: Path) -> str:
    """Put a thing of another kind in the place of a file."""
    path = _any_file(run, rng) if rng.random() < 0.7 else run / rng.choice(HIDDEN)
    return f"{path.name} is {_of_another_kind(path, rng, outside)}"


def hidden_files(run: Path, rng: random.Random, outside: Path) -> str:
    """Put bytes into a hidden file, or a thing of another kind in its place."""
    path = run / rng.choice(HIDDEN)
    if rng.random() < 0.5:
        return f"{path.name} is {_of_another_kind(path, rng, outside)}"
    _written(path, rng.choice([b"", b"x", b"[]", b"\xff" * 100, b"[{}]", b"0" * 10_000]))
    return f"{path.name} holds other bytes"


def _of_another_kind(path: Path, rng: random.Random, outside: Path) -> str:
    _gone(path)
    kind = rng.choice([
        "pipe", "link to a pipe", "link to huge", "link to a file", "link to itself",
        "broken link", "directory", "full directory", "huge", "link to a folder",
    ])  # fmt: skip
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "link to a pipe":
            path.symlink_to(outside / "pipe")
        case "link to huge":
            path.symlink_to(outside / "huge")
        case "link to a file":
            path.symlink_to(outside / "file")
        case "link to a folder":
            path.symlink_to(outside)
        case "link to itself":
            path.symlink_to(path.name)
        case "broken link":
            path.symlink_to(outside / "absent")
        case "directory":
            path.mkdir()
        case "full directory":
            path.mkdir()
            (path / "x").write_bytes(b"x")
        case "huge":
            with path.open("wb") as file:
                file.truncate(HUGE)
    return f"a {kind}"


def figures(run: Path, rng: random.Random, outside: Path) -> str:
    """Damage the folder of figures, or one of them."""
    folder = run / "figures"
    if not folder.is_dir() or folder.is_symlink() or rng.random() < 0.4:
        return f"figures is {_of_another_kind(folder, rng, outside)}"
    names = sorted(path.name for path in folder.iterdir()) or ["loss.png"]
    path = folder / rng.choice(names)
    if rng.random() < 0.5:
        return f"figures/{path.name} is {_of_another_kind(path, rng, outside)}"
    content = _content(path)
    _written(path, content[: rng.randrange(len(content) + 1)] + content[-12:])
    return f"figures/{path.name} cut"


def json_changed(run: Path, rng: random.Random, outside: Path) -> str:
    """Change a value somewhere in a JSON file."""
    names = [name for name in JSON_FILES if (run / name).is_file()]
    path = run / rng.choice(names or ["run.json"])
    values = _loaded(_content(path))
    words = _change(values, rng)
    _written(path, json.dumps(values, ensure_ascii=rng.random() < 0.5).encode(errors="replace"))
    return f"{path.name}: {words}"


def journal_changed(run: Path, rng: random.Random, outside: Path) -> str:
    """Change a value in a line of the journal."""
    path = run / "events.jsonl"
    lines = _content(path).splitlines(keepends=True) or [b"{}\n"]
    number = rng.choice([0, len(lines) - 1, rng.randrange(len(lines)), rng.randrange(len(lines))])
    values = _loaded(lines[number])
    words = _change(values, rng)
    lines[number] = json.dumps(values).encode() + b"\n"
    _written(path, b"".join(lines))
    return f"events.jsonl, line {number}: {words}"


def journal_lines(run: Path, rng: random.Random, outside: Path) -> str:
    """Lose lines of the journal, repeat them, or put others between them."""
    path = run / "events.jsonl"
    lines = _content(path).splitlines(keepends=True) or [b"{}\n"]
    number = rng.randrange(len(lines))
    kind = rng.choice(["lost", "twice", "moved", "foreign", "first lost", "many lost", "joined"])
    match kind:
        case "lost":
            del lines[number]
        case "twice":
            lines.insert(rng.randrange(len(lines)), lines[number])
        case "moved":
            lines.insert(rng.randrange(len(lines)), lines.pop(number))
        case "foreign":
            foreign = rng.choice([
                b"\0" * 40 + b"\n", b"null\n", b"{}\n", b"\xff\xfe\n", b"[" * 3000 + b"\n", b"\n",
                b'{"event":"party","step":1,"time":1}\n', b'{"event":"finished"}\n',
                b'{"event":"stopped","step":3,"time":1e300,"reason":"handed over"}\n',
                b'{"event":"stopped","step":3,"time":-5,"reason":"handed over"}\n',
                b'{"event":"stopped","step":3,"time":null,"reason":"handed over"}\n',
                b'{"event":"failed","step":3,"time":1,"message":"\\u001b]52;c;eA==\\u0007[/]"}\n',
                b'{"event":"progress","step":3,"time":1,"series":{},"values":{}}\n',
                b'{"event":"preview","step":3,"time":1,"name":"noise","images":null,"values":{}}\n',
                b'{"event":"preview","step":0,"time":1,"name":"x","images":{"shape":[-1,28,28],'
                b'"low":0,"high":1,"base64":"AAAA"},"values":{}}\n',
            ])  # fmt: skip
            lines.insert(number, foreign)
        case "first lost":
            del lines[0]
        case "many lost":
            lines = [line for line in lines if rng.random() < 0.5]
        case "joined":
            lines[number] = lines[number].rstrip(b"\n")
    _written(path, b"".join(lines))
    return f"events.jsonl, line {number}: {kind}"


def array_changed(run: Path, rng: random.Random, outside: Path) -> str:
    """Put another array in the place of one."""
    names = [name for name in ARRAYS if (run / name).is_file()]
    path = run / (rng.choice(names) if names else rng.choice(ARRAYS))
    rows = rng.choice([0, 1, 2, 10])
    array, words = rng.choice([
        (np.zeros((rows, 1, 28, 28), np.float64), "float64"),
        (np.zeros((rows, 28, 28), np.float32), "another shape"),
        (np.full((rows, 1, 28, 28), np.nan, np.float32), "NaN"),
        (np.full((rows, 1, 28, 28), np.inf, np.float32), "infinite"),
        (np.full((rows, 1, 28, 28), 3e38, np.float32), "large"),
        (np.zeros((rows, 1, 28, 28), np.float32), "zeros"),
        (np.array([{"a": 1}, None], object), "objects"),
        (np.zeros((rows, 1, 28, 28), ">f4"), "another order of bytes"),
        (np.asfortranarray(np.ones((10, 1, 28, 28), np.float32)), "in Fortran's order"),
        (np.array(["x"] * 3), "words"),
        (np.float32(1), "a scalar"),
    ])  # fmt: skip
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    content = buffer.getvalue()
    if rng.random() < 0.3:
        shape = rng.choice([b"(99999999999999, 1, 28, 28)", b"(-1, 1, 28, 28)", b"((((", b"None"])
        start, end = content.index(b"'shape': ") + 9, content.index(b", }")
        content, words = content[:start] + shape + content[end:], f"shape {shape.decode()}"
    _written(path, content)
    return f"{path.name} holds {words}"


def state_changed(run: Path, rng: random.Random, outside: Path) -> str:
    """Put another state, a bomb or a foreign pickle in the place of weights or a checkpoint."""
    names = [name for name in STATES if (run / name).is_file()]
    path = run / (rng.choice(names) if names else rng.choice(STATES))
    kind = rng.choice(["values"] * 6 + ["bomb", "pickle", "foreign", "parts", "empty"])
    match kind:
        case "bomb":
            _gone(path)
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("archive/data.pkl", b"\x80\x02}.")
                archive.writestr("archive/data/0", bytes(200_000_000))
        case "pickle":
            _written(path, pickle.dumps({"state": {"step": 1}, "seconds": 1, "journal": 1}))
        case "foreign":
            _gone(path)
            with zipfile.ZipFile(path, "w") as archive:
                call = b"\x80\x02cos\nsystem\nX\x04\0\0\0true\x85R."
                archive.writestr("archive/data.pkl", call)
                archive.writestr("archive/version", b"3\n")
        case "parts":
            _without_a_part(path, rng)
        case "empty":
            _written(path, _saved({}))
        case _:
            return f"{path.name}: {_state_values(path, rng)}"
    return f"{path.name}: {kind}"


def _without_a_part(path: Path, rng: random.Random) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(_content(path))) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
    except zipfile.BadZipFile:
        return
    parts.pop(rng.choice(sorted(parts)))
    _gone(path)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def _saved(values: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(values, buffer)
    return buffer.getvalue()


def _state_values(path: Path, rng: random.Random) -> str:
    try:
        values = torch.load(io.BytesIO(_content(path)), weights_only=True)
    except Exception:
        values = {"state": {"step": 1}, "seconds": 1.0, "journal": 10}
    place, key = rng.choice(list(_places(values)) or [({"x": None}, "x")])
    old = place[key]
    new = rng.choice([
        None, -1, 0, 3, 10**12, 1.5, float("nan"), "x", [], {}, torch.zeros(3), torch.zeros(()),
        torch.zeros(1).expand(100, 100_000), torch.full((2, 2), float("nan")),
        torch.zeros(10, dtype=torch.int64),
    ])  # fmt: skip
    if isinstance(old, torch.Tensor) and rng.random() < 0.5:
        new = rng.choice([
            old.double(), old.flatten(), old.unsqueeze(0), old.half(), old * 0,
            torch.full_like(old, float("nan")), torch.full_like(old, 1e30),
            torch.zeros(1).expand(old.shape),
        ])  # fmt: skip
    if rng.random() < 0.15:
        del place[key]
        new = "nothing"
    else:
        place[key] = new
    _written(path, _saved(values))
    told = f"a tensor {list(new.shape)}" if isinstance(new, torch.Tensor) else repr(new)
    return f"{key} is {told}"


def _loaded(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return {"run_id": "x"}


def _change(values: Any, rng: random.Random) -> str:
    """Change, remove or add a value somewhere in JSON values."""
    places = list(_places(values))
    if not places:
        return "nothing to change"
    # Long lists would be hit nearly always: first how deep, then where.
    by_depth: dict[int, list] = {}
    for place, key in places:
        by_depth.setdefault(0 if place is values else 1 + (len(str(key)) > 0), []).append(
            (place, key)
        )
    place, key = rng.choice(by_depth[rng.choice(sorted(by_depth))])
    kind = rng.random()
    if kind < 0.2:
        del place[key]
        return f"{key} removed"
    if kind < 0.3 and isinstance(place, list):
        place.append(place[key])
        return "a list grown"
    old = place[key]
    new = rng.choice(ODD)
    if isinstance(old, (int, float)) and not isinstance(old, bool) and kind < 0.6:
        new = rng.choice([-old, old * 1000, old + 1, old - 1, old / 3, str(old), [old], None])
    if isinstance(old, list) and kind < 0.6:
        new = rng.choice([old[:-1], old + old, [], [old], old[::-1]])
    place[key] = new
    return f"{key} is {str(new)[:40]!r}"


def _places(values: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every container and key in nested values, long lists by some of their items."""
    if isinstance(values, dict):
        items = list(values.items())
    elif isinstance(values, list):
        items = list(enumerate(values[:3])) + ([(len(values) - 1, values[-1])] if values else [])
    else:
        return
    for key, value in items:
        yield values, key
        yield from _places(value)


_WAYS: list[Callable[[Path, random.Random, Path], str]] = [
    truncated, flipped, overwritten, removed, of_another_kind, hidden_files, figures,
    json_changed, json_changed, json_changed, journal_changed, journal_changed, journal_changed,
    journal_lines, array_changed, state_changed, state_changed,
]  # fmt: skip
