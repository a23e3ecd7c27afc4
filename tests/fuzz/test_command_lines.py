"""Odd command lines: each ends with a known code and one clear line, and writes nowhere else."""

import os
from collections import Counter

import pytest

from tests.fuzz.commands import World, WroteOutside, command_lines, complaints, watching

RENEW = 20  # lines after which the folder is made anew


def run_lines(root, seed, count, *, processes=0):
    """Run lines, the first ``processes`` of them in processes of their own; return the codes."""
    world = World(root / "world")
    codes, wrong = Counter(), []
    for number, line in enumerate(command_lines(seed, count)):
        try:
            code, out, err = (world.start if number < processes else world.run)(line)
        except WroteOutside as error:
            wrong.append(f"{line}\n    wrote outside: {error}")
            continue
        codes[code] += 1
        for complaint in complaints(line, code, out, err):
            wrong.append(
                f"{line}\n    {complaint}\n    out: {out[-300:]!r}\n    err: {err[-600:]!r}"
            )
        if "--detach" in line.arguments:
            world.settle()
        if number % RENEW == RENEW - 1:
            world.renew()
    assert [path.name for path in root.iterdir()] == ["world"]
    assert not wrong, f"{len(wrong)} of {count} (seed {seed}):\n" + "\n".join(wrong)
    return codes


@pytest.mark.extended
def test_odd_command_lines(tmp_path):
    assert set(run_lines(tmp_path, 1, 80, processes=4)) >= {0, 1, 2}


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 12))
def test_a_thousand_odd_command_lines(tmp_path, seed, capsys):
    codes = run_lines(tmp_path, seed, 100, processes=20)
    with capsys.disabled():
        print(f" [seed {seed}: {dict(sorted(codes.items()))}]", end="")


def test_lines_are_the_same_for_a_seed():
    assert list(map(str, command_lines(3, 50))) == list(map(str, command_lines(3, 50)))


def test_what_is_written_outside_is_noticed(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    with watching(str(inside)):
        (inside / "file").write_text("x")
        for write in (
            lambda: (tmp_path / "file").write_text("x"),
            lambda: (tmp_path / "folder").mkdir(),
            lambda: (inside / "file").rename(tmp_path / "file"),
            lambda: os.close(os.open(tmp_path / "file", os.O_CREAT | os.O_WRONLY)),
        ):
            with pytest.raises(WroteOutside):
                write()
    assert list(tmp_path.iterdir()) == [inside]
