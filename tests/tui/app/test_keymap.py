"""Which key does what: with the defaults, and with a user's own keys."""

import re
from itertools import chain, combinations

import pytest
from textual.binding import BindingsMap

from engine.runs.events import Started
from engine.sections.train.config import TrainConfig
from tests.conftest import a_few
from tests.tui import example_runs as examples
from tests.tui.app.test_snapshots import Script
from tests.tui.pilot import commands_of, live, long_training, text, until
from tui.app.keys.action_list import Actions
from tui.app.keys.dialogs import DIALOGS
from tui.app.keys.keymap import Keymap, displayed, parted
from tui.app.preferences import Preferences
from tui.app.screens.help import Help
from tui.app.screens.sample import SampleView
from tui.app.sections.runs.filter import TYPING
from tui.live.conductor import Conductor

ALL = Actions()
ACTIONS, BY_ID, EVERYWHERE, DEFAULTS = ALL.all, ALL.by_id, ALL.sections, Keymap().defaults
BINDINGS = [action.binding() for action in ACTIONS]
FUNCTION_KEYS = [f"{modifier}f{n}" for modifier in ("", "ctrl+", "alt+") for n in range(1, 25)]
# Every action and dialog on a key that is nobody's by default.
MOVED = {
    id: key
    for ids in ([action.id for action in ACTIONS], *([b.id for b in d] for d in DIALOGS.values()))
    for id, key in zip(ids, FUNCTION_KEYS, strict=False)
}
# What begins or ends a run, leaves, is Textual's own, or only moves something.
NOT_LOOKED_AT = (
    "run.choice", "run.all", "run.stop", "run.go_on", "app.detach", "app.palette", "look.back",
    "look.on", "look.far_back", "look.far_on", "look.up", "look.down", "look.logarithm",
)  # fmt: skip


assert set(MOVED) == set(DEFAULTS)


def owns(keys):
    return Preferences(keys=keys)


def test_no_two_default_actions_share_a_key_in_a_section():
    for a, b in combinations(ACTIONS, 2):
        if set(ALL.sections_of(a)) & set(ALL.sections_of(b)):
            assert not set(parted(a.keys)) & set(parted(b.keys)), (a.id, b.id)
    for bindings in DIALOGS.values():
        keys = list(chain.from_iterable(parted(binding.key) for binding in bindings))
        assert len(keys) == len(set(keys))


@pytest.mark.extended
def test_the_pause_key_of_the_readme_leaves_mark_its_own(finished, tmp_path):
    async def story(app, pilot):
        task = long_training(app, tmp_path)
        await until(pilot, lambda: task.step > 0)
        await pilot.press("space")
        assert not task.control.paused
        await pilot.press("f5")
        assert task.control.paused
        await until(pilot, lambda: "paused · f5 resumes" in text(app, "#progress"))
        await pilot.press("4", "space")
        assert len(app.main.runs.marked_runs) == 1
        await pilot.press("1", "f5", "s")
        await until(pilot, lambda: task.state == "stopped")

    live(finished, story, preferences=owns({"run.pause": "f5"}))


def test_keys_may_change_places_and_an_action_may_have_several(tmp_path):
    keys = Keymap({"run.choice": "a", "run.all": "r,f5"})
    bound = keys.rebound(BindingsMap(BINDINGS))
    actions = {key: [b.action for b in bindings] for key, bindings in bound.key_to_bindings.items()}
    assert actions["a"] == ["do('run.choice')"]
    assert actions["r"] == actions["f5"] == ["do('run.all')"]
    assert keys.shown("run.all") == "r f5"


def test_every_action_is_bound_under_its_keys_and_no_others():
    for own in ({}, MOVED, {"run.pause": "f5"}, {"runs.mark": "x", "run.mark": "space,f9"}):
        keys = Keymap(own)
        bound = keys.rebound(BindingsMap(BINDINGS)).key_to_bindings
        assert set(bound) == {key for action in ACTIONS for key in keys.of(action.id)}
        for action in ACTIONS:
            for key in keys.of(action.id):
                [binding] = bound[key]
                assert action.id in binding.action
                assert binding.priority >= action.priority


def test_a_dialog_has_the_user_s_keys_and_says_them(finished):
    async def story(app, pilot):
        await until(pilot, lambda: app.main.experiments["train"].shown is not None)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SampleView))
        await pilot.pause()
        dialog = app.screen.query_one(".dialog")
        assert str(dialog.border_subtitle) == "b f8 others  f3 closes"
        first = str(dialog.border_title)
        await pilot.press("right", "escape")
        assert str(dialog.border_title) == first
        await pilot.press("f8")
        assert str(dialog.border_title) != first
        await pilot.press("f3")
        assert len(app.screen_stack) == 1

    own = {"closeup.close": "f3", "closeup.left": "b", "closeup.right": "f8"}
    live(finished, story, preferences=owns(own))


@pytest.mark.parametrize(("key", "shown"), [
    ("question_mark", "?"), ("slash", "/"), ("comma", ","), ("left", "←"), ("space", "space"),
    ("shift+left", "shift+←"), ("ctrl+p", "ctrl+p"), ("H", "H"), ("escape", "escape"),
    ("left_square_bracket", "["), ("ctrl+underscore", "ctrl+_"), ("é", "é"),
])  # fmt: skip
def test_how_a_key_is_shown(key, shown):
    assert displayed(key) == shown


def seen(app):
    """What stands on the screen, or in the dialog over it, as lines of text."""
    strips = app.screen._compositor.render_strips()
    for dialog in app.screen.query(".dialog"):
        x, y, width, height = dialog.region
        strips = [strip.crop(x, x + width) for strip in strips[y : y + height]]
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


def default_keys_named_in(words):
    """Return what names a default key; ``a`` and ``enter`` are words too."""
    names = {displayed(key) for keys in DEFAULTS.values() for key in parted(keys)}
    words = words.replace("o, ki, su", "")  # classes of KMNIST
    words = words.replace("[ ]", "")  # toggles of the form
    for key, word in TYPING:  # while a filter is typed, where letters are letters
        words = words.replace(f"{key} {word}", "")
    tokens = {token.strip(".,;:()│") for token in words.split()}
    found = tokens & (names - {"a", "enter", "→", "↑", "↓", *"01234"})
    found |= set(re.findall(r"←→|↑↓|\ba (?:crafts|draws|trains|runs)\b", words))
    return found | set(re.findall(r"\b[1-4] (?:Train|Adversarial|Visualize|Runs)\b", words))


def test_the_scan_finds_what_names_a_default_key():
    assert default_keys_named_in("r trains it\na trains all\n← h back │ 1 Train") == {
        "r", "a trains", "←", "h", "1 Train",
    }  # fmt: skip


@pytest.mark.extended
@pytest.mark.parametrize("state", a_few(["live", "finished", "nothing"], 0, 1))
def test_no_text_names_a_default_key_where_the_user_has_another(state, finished, digits, tmp_path):
    said, places = [], {}
    config = TrainConfig(model="baseline").resolve(**examples.FOUND)
    started = Started(step=0, run="20260102-030499-000-train-baseline", section="train",
                      title="baseline", steps=400, config=config.to_json(),
                      dataset=examples.DATASET, environment=examples.ENVIRONMENT)  # fmt: skip
    script = Script([started, *examples.train_events(digits, last=250)])
    keys = Keymap(MOVED)

    async def story(app, pilot):
        notify = app.notify
        app.notify = lambda words, **options: (said.append(str(words)), notify(words, **options))
        if state == "live":
            [task] = app.conductor.start([TrainConfig(model="baseline")], "a command")
            await until(pilot, lambda: task.step == 250)
            await pilot.press(*keys.of("run.pause"))
        for section in EVERYWHERE:
            await pilot.press(keys.of(f"section.{section}")[0])
            await pilot.pause(0.3)
            places[section] = seen(app)
            for id in BY_ID:
                opens_another = id.startswith("section.") or (id, section) == ("look.open", "runs")
                if opens_another or id in NOT_LOOKED_AT or (id == "app.quit" and state != "live"):
                    continue
                await pilot.press(keys.of(id)[0])
                await pilot.pause(0.05)
                places[section, id] = seen(app)
                while len(app.screen_stack) > 1:
                    app.pop_screen()
                app.main.panes[section].query("OptionList, DataTable").first().focus()
            said.extend(app.main.snapshot.refused.values())
        said.extend(f"{title} {help}" for title, help in await commands_of(app))
        app.conductor.stop_all("user")

    artifacts = finished if state == "finished" else tmp_path / "none"
    live(artifacts, story, size=(200, 60), preferences=owns(MOVED),
         conductor=Conductor(script), plain=False)  # fmt: skip
    assert len(places) > 30
    named = {(place, line.strip()): found for place, words in places.items()
             for line in words.split("\n")
             if (found := default_keys_named_in(line))}  # fmt: skip
    assert not named
    assert not {words for words in said if default_keys_named_in(words)}


def test_help_names_the_user_s_keys(tmp_path):
    async def story(app, pilot):
        await pilot.press("f1")
        await pilot.pause()
        assert isinstance(app.screen, Help)
        assert "f1  Explain the focused panel, show every key" in text(app, "Static")

    live(tmp_path, story, preferences=owns({"app.help": "f1"}))
