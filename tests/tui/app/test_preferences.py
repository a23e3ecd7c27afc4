"""The user's config.toml: what is read of it, what is refused in a line, and how it is written."""

import os
import subprocess
import sys
import threading

import pytest

from engine.errors import EngineError
from tests.tui.pilot import live
from tui.app import open as open_app
from tui.app import preferences
from tui.app.keys import own_keys
from tui.app.keys.action_list import Actions
from tui.app.keys.dialogs import DIALOGS
from tui.app.keys.keymap import Keymap, parted
from tui.app.preferences import Preferences, remember


@pytest.fixture
def path(tmp_path):
    return tmp_path / "config.toml"


def written(path, text):
    path.write_text(text)
    return Preferences.read(path)


def test_a_file_that_is_not_there_says_nothing(path):
    assert Preferences.read(path) == Preferences()


def test_theme_keys_and_defaults(path):
    text = 'theme = "nord"\n[keys]\n"run.pause" = "f5"\n[defaults]\nepochs = 3\nrecipe = "tuned"\n'
    assert written(path, text) == Preferences(
        "nord", {"run.pause": "f5"}, {"epochs": 3, "recipe": "tuned"}
    )


def test_how_images_are_drawn(path):
    assert written(path, 'images = "kitty"\n').images == "kitty"
    assert written(path, 'theme = "nord"\n').images is None


def test_a_tilde_in_a_default_is_the_home_folder(path, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    found = written(path, '[defaults]\nartifacts = "~/runs"\ndata_root = "~"\n')
    assert found.defaults == {"artifacts": f"{tmp_path}/runs", "data_root": str(tmp_path)}


def test_a_byte_order_mark_and_ids_without_quotes_are_read(path):
    found = written(path, '\ufefftheme = "nord"\n[keys]\nrun.pause = "f5"\n')
    assert found == Preferences("nord", {"run.pause": "f5"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("colour = 1", ["colour is ignored", "no setting has this name"]),
        ("thme = 1", ["did you mean theme?"]),
        ("images = 'sixel'", ["images = 'sixel' is ignored", "auto, cells, kitty, ascii"]),
        ("images = ['kitty']", ["images = ['kitty'] is ignored"]),
        ("theme = 'nrod'", ["theme = 'nrod' is ignored", "did you mean nord?"]),
        ("theme = ['a']", ["theme = ['a'] is ignored", "no theme has this name"]),
        ("keys = 3", ["keys = 3 is ignored", "it must be a table, [keys]"]),
        ("[[defaults]]", ["it must be a table, [defaults]"]),
        ('[keys]\n"run.stpo" = "f"', ["run.stpo in [keys]", "did you mean run.stop?"]),
        ('[keys]\n"run.pause" = 5', ["run.pause in [keys]", "must be text in quotes, not 5"]),
        ('[keys]\n"run.pause" = "banana"', ["no key is called 'banana'", "say p, f5, space"]),
        ('[keys]\n"run.pause" = "Space"', ["no key is called 'Space'; did you mean space?"]),
        ('[keys]\n"run.pause" = "ctrl+T"', ["did you mean ctrl+t?"]),
        ('[keys]\n"run.pause" = "cmd+t"', ["no key is called 'cmd+t'"]),
        ('[keys]\n"run.pause" = "shift+p"', ["terminals do not send shift+p; say P"]),
        ('[keys]\n"run.pause" = "ctrl+i"', ["terminals send tab for ctrl+i"]),
        ('[keys]\n"run.pause" = ""', ["a key is missing"]),
        ('[keys]\n"run.pause" = "p,,"', ["a key is missing"]),
        ('[keys]\n"run.pause" = "\\u0007"', ["no key is called"]),
        ('[keys]\n"run.pause" = "x"', ["x is already the key of run.mark; choose another"]),
        ('[keys]\n"run.pause" = "f2,x"', ["x is already the key of run.mark"]),
        ('[keys]\n"run.pause" = "f5"\n"run.stop" = "f5"', ["run.stop in", "the key of run.pause"]),
        ('[keys]\n"run.pause" = "up"', ["↑ is needed for the lists"]),
        ('[keys]\n"runs.mark" = "left"', ["← is needed for the lists"]),
        ('[keys]\n"edit.run" = "r"', ["r is needed for the form"]),
        ('[keys]\n"edit.run" = "ctrl+a"', ["ctrl+a is needed for the form"]),
        ('[keys]\n"edit.run" = "tab"', ["tab is needed for the form"]),
        ('[keys]\n"network.cancel" = "enter"', ["enter is needed for the lists"]),
        ('[keys]\n"closeup.left" = "l"', ["l is already the key of closeup.right"]),
        ('[keys]\n"app.suspend" = "ctrl+s"', ["ctrl+s is already the key of edit.keep"]),
        ('[keys]\n"app.suspend" = "p"', ["p is needed for the form"]),
        ("[defaults]\nspeed = 1", ["speed in [defaults]", "no option has this name"]),
        ("[defaults]\nepochs = 'many'", ["--epochs must be a whole number, not 'many'"]),
        ("[defaults]\nepochs = true", ["--epochs must be a whole number, not True"]),
        ("[defaults]\nepochs = 0", ["--epochs must be at least 1"]),
        ("[defaults]\nrecipe = 'best'", ["--recipe must be one of"]),
        ("[defaults]\nepochs = [1, 2]", ["--epochs must be a whole number"]),
        ("[defaults]\noffline = 1", ["--offline must be true or false"]),
        ("[defaults]\nartifacts = 2026-01-01", ["--artifacts must be plain text"]),
        ("[defaults]\nepsilon = nan", ["--epsilon must be a finite number"]),
    ],
)
def test_what_is_wrong_is_ignored_by_itself_with_a_line_and_the_rest_holds(path, text, words):
    found = written(path, text)
    [problem] = found.problems
    assert problem.startswith(f"{path}: ")
    assert "is ignored: " in problem
    assert all(part in problem for part in words), problem
    assert problem.isprintable()
    rest = '"look.map" = "f9"' if text.startswith("[keys]") else '[keys]\n"look.map" = "f9"'
    kept = found.keys | {"look.map": "f9"}
    if not text.startswith("keys"):
        with_rest = written(path, f"{text}\n{rest}\n")
        assert (with_rest.keys, with_rest.problems) == (kept, found.problems)


def test_several_lines_are_all_told(path):
    found = written(path, 'theme = "x"\n[keys]\n"run.fly" = "f"\n"run.stop" = "banana"\n')
    assert len(found.problems) == 3
    assert open_app.in_a_line(found.problems[:1]) == found.problems[0]
    assert "3 settings are ignored" in open_app.in_a_line(found.problems)


def test_escapes_in_the_file_do_not_reach_the_line(path):
    [problem] = written(path, '"\\u001b]52;c;x\\u0007" = 1\n').problems
    assert problem.isprintable()


@pytest.mark.parametrize(
    ("own", "refused"),
    [
        ({"run.pause": "x", "run.mark": "space"}, set()),  # they change places
        ({"run.pause": "f5,f6,ctrl+t,alt+shift+f3"}, set()),
        ({"run.mark": "f5", "run.pause": "x", "run.stop": "f5"}, {"run.stop"}),
        ({"run.mark": "s", "run.pause": "f5", "run.stop": "f5"}, {"run.stop", "run.mark"}),
        ({"look.open": "enter,f2", "edit.next": "down,f2"}, set()),
        ({"section.next": "f2", "run.pause": "tab"}, {"run.pause"}),
        ({"run.choice": "semicolon", "run.all": "?"}, {"run.all"}),
        ({"app.help": "f1", "run.all": "?"}, set()),
        ({"app.quit_anywhere": "ctrl+q", "run.stop": "ctrl+c"}, {"run.stop"}),
    ],
)
def test_keys_are_refused_where_they_would_be_another_s(own, refused):
    kept, why = own_keys.checked_keys(own)
    assert set(why) == refused
    assert set(kept) == set(own) - refused


def test_no_default_key_is_refused():
    defaults = Keymap().defaults
    assert own_keys.checked_keys(defaults) == (
        {id: ",".join(parted(keys)) for id, keys in defaults.items()}, {},
    )  # fmt: skip


def test_keys_that_are_kept_are_named_as_textual_names_them():
    kept, _ = own_keys.checked_keys({"run.pause": "?, shift+ctrl+f2,~", "app.help": "f1"})
    assert Keymap(kept).of("run.pause") == ("question_mark", "ctrl+shift+f2", "tilde")


def test_every_place_that_an_action_has_keys_in_is_known():
    places = set(Actions().sections) | set(DIALOGS)
    assert set(own_keys.WIDGETS) <= places


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'theme = "n\xffrd"\n', "is not UTF-8 (byte 0xff at 10); save it as UTF-8"),
        (b"theme = nord\n", "is not TOML (Invalid value"),
        (b"[keys]\n[keys]\n", "is not TOML"),
        (b"a = " + b"[" * 5000, "is not TOML"),
        (b"#" * (2 << 20), "2,097,152 bytes"),
    ],
    ids=["bytes", "value", "twice", "nested", "large"],
)
def test_a_file_that_cannot_be_read_is_told_and_never_overwritten(path, content, words):
    path.write_bytes(content)
    [problem] = Preferences.read(path).problems
    assert str(path) in problem
    assert words in problem
    with pytest.raises(EngineError) as caught:
        remember(path, ("theme",), "nord")
    assert words in str(caught.value)
    assert path.read_bytes() == content


def test_a_pipe_or_a_folder_in_its_place_is_told_and_nothing_hangs(path, tmp_path):
    os.mkfifo(path)
    assert "not a regular file" in Preferences.read(path).problems[0]
    path.unlink()
    path.mkdir()
    assert "not a regular file" in Preferences.read(path).problems[0]
    path.rmdir()
    path.symlink_to(path)
    assert Preferences.read(path).problems


def test_the_theme_is_one_line_and_the_rest_stays(tmp_path):
    path = tmp_path / "deep" / "config.toml"
    remember(path, ("theme",), "nord")
    assert Preferences.read(path).theme == "nord"
    path.write_text('# mine\n[keys]\n"run.pause" = "f5" # so\n')
    remember(path, ("theme",), "gruvbox")
    remember(path, ("theme",), "dracula")
    assert path.read_text() == 'theme = "dracula"\n# mine\n[keys]\n"run.pause" = "f5" # so\n'


@pytest.mark.parametrize(
    "text",
    [
        '# first\ntheme = "nord"  # the old one\n\n[defaults]\nepochs = 3 # few\n',
        "[defaults]\nepochs=3\n[keys]\n'run.pause' = 'f5'\n# last",
        '\ufefftheme="nord"\r\n[keys]\r\n',
        'text = """\ntheme = "nord"\n"""\n',
        '"theme" = "nord"\n',
        "theme = 'nord'\n",
        "[defaults]\ntheme = 3\n",
        "theme = 3\n",
    ],
)
def test_comments_order_and_ends_of_lines_stay(path, text):
    path.write_bytes(text.encode())
    remember(path, ("theme",), "dracula")
    lines = path.read_bytes().decode().splitlines(keepends=True)
    assert Preferences.read(path).theme == "dracula"
    for line in text.splitlines(keepends=True):
        assert line in lines or line.lstrip('\ufeff"').startswith("theme")
    if "\r" in text:
        assert all(line.endswith("\r\n") for line in lines)


def test_a_table_in_the_theme_s_place_is_not_thrown_away(path):
    path.write_text("[theme]\na = 1\n")
    with pytest.raises(EngineError, match="is a table"):
        remember(path, ("theme",), "nord")
    assert path.read_text() == "[theme]\na = 1\n"


def test_a_link_is_written_through_and_the_mode_stays(path, tmp_path):
    target = tmp_path / "dotfiles" / "mine.toml"
    target.parent.mkdir()
    target.write_text("# mine\n")
    target.chmod(0o600)
    path.symlink_to("dotfiles/mine.toml")
    remember(path, ("theme",), "nord")
    assert path.is_symlink()
    assert target.read_text() == 'theme = "nord"\n# mine\n'
    assert target.stat().st_mode & 0o777 == 0o600
    target.unlink()
    remember(path, ("theme",), "nord")
    assert path.is_symlink()
    assert Preferences.read(path).theme == "nord"


def test_what_is_set_already_is_not_written(path):
    path.write_text("theme = 'nord'  # mine\n")
    before = path.stat()
    remember(path, ("theme",), "nord")
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_apps_that_write_at_once_lose_no_other_entry(path):
    path.write_text("# mine\n[defaults]\nepochs = 3\n")
    themes = preferences.THEMES

    def write(mine):
        for theme in mine:
            remember(path, ("theme",), theme)

    threads = [threading.Thread(target=write, args=[themes[n::4] * 3]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = Preferences.read(path)
    assert (found.defaults, found.problems) == ({"epochs": 3}, ())
    assert found.theme in themes


@pytest.mark.parametrize("text", [None, "theme = 'nord'\n[defaults]\nepochs = 3\n"])
def test_starting_the_app_writes_nothing_and_a_change_of_theme_does(
    own_preferences, tmp_path, text
):
    if text is not None:
        own_preferences.write_text(text)

    async def story(app, pilot):
        await pilot.pause(0.5)
        before = own_preferences.read_text() if own_preferences.exists() else None
        assert before == text
        app.theme = app.theme
        await pilot.pause()
        assert (own_preferences.read_text() if own_preferences.exists() else None) == text
        app.theme = "gruvbox"
        await pilot.pause(0.1)
        assert Preferences.read(own_preferences).theme == "gruvbox"
        app.theme = "textual-dark"
        await pilot.pause(0.1)
        assert Preferences.read(own_preferences).theme == "textual-dark"

    live(tmp_path, story, preferences=Preferences.read(own_preferences))


@pytest.mark.parametrize("content", [b"theme = '\xff'", b"theme = nord"])
def test_a_theme_that_cannot_be_remembered_is_a_line_in_the_app(own_preferences, tmp_path, content):
    own_preferences.write_bytes(content)

    async def story(app, pilot):
        app.theme = "gruvbox"
        await pilot.pause(0.1)
        assert app.theme == "gruvbox"
        assert "The theme cannot be remembered: " in app.last
        assert str(own_preferences) in app.last

    live(tmp_path, story, preferences=Preferences.read(own_preferences))
    assert own_preferences.read_bytes() == content


def test_who_only_reads_does_not_import_tomlkit(path):
    path.write_text("theme = 'nord'\n")
    code = (
        "import sys; from pathlib import Path; import tui.app.open; "
        f"tui.app.open.Preferences.read(Path({str(path)!r})); print('tomlkit' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
