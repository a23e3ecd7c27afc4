"""What is wrong in a user's config.toml is told in the app and, whole, after it."""

import pytest

from tests.conftest import a_few
from tests.terminal.terminal import Terminal


@pytest.mark.parametrize("wrong", a_few([1, 3], 1))
def test_each_line_is_printed_on_leaving(tmp_path, wrong):
    entries = ['"run.stop" = "banana"', '"run.fly" = "f1"', '"run.mark" = "space,g"'][:wrong]
    path = tmp_path / "config" / "mnist-tui" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text('[keys]\n"run.pause" = "f5"\n' + "\n".join(entries) + "\n")
    text = path.read_text()
    home = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    options = ["--dataset", "digits", "--artifacts", str(tmp_path / "a")]
    terminal = Terminal(*options, size=(250, 40), **home)
    told = "settings are ignored" if wrong > 1 else "run.stop in [keys] is ignored"
    terminal.read(lambda t: told in t.text and "f5 pause" in t.text and "s stop" in t.text)
    terminal.press("q")
    assert terminal.exit_code() == 0
    after = terminal.output.rpartition(b"\x1b[?1049l")[2].decode()
    lines = [line for line in after.splitlines() if "is ignored" in line]
    assert len(lines) == wrong
    assert all(f"mnist-tui: {path}: " in line for line in lines)
    assert path.read_text() == text
