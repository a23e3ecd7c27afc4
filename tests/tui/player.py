"""An app played fast: keys, clicks and sizes without the pilot's waits, beside a live run."""

import asyncio
import time
import unicodedata
from contextlib import asynccontextmanager

from textual import events
from textual.geometry import Size
from textual.keys import KEY_TO_UNICODE_NAME, REPLACED_KEYS

from engine.config import RunConfig
from engine.laboratory import Laboratory
from tests.tui.pilot import until
from tui.app.app import MnistTui
from tui.app.keys.action_list import Actions
from tui.app.keys.dialogs import DIALOGS
from tui.app.keys.keymap import parted
from tui.app.preferences import Preferences
from tui.live.conductor import Conductor

BETWEEN = 0.1  # seconds from one event of a live run to the next
ENDLESS = {"epochs": 10_000, "steps": 100_000}  # of runs that nothing but a key should end

KEYS = tuple(
    dict.fromkeys(
        key
        for keys in [a.keys for a in Actions().all] + [b.key for d in DIALOGS.values() for b in d]
        for key in parted(keys)
    )
)


class SlowLaboratory(Laboratory):
    """The real engine, whose runs sleep at each event: they last, and cost nothing."""

    def session(self, config, *, listen, **options):
        return super().session(config, listen=slowly(listen), **options)

    def resume(self, run, *, listen, **options):
        return super().resume(run, listen=slowly(listen), **options)


def slowly(listen):
    def heard(event):
        listen(event)
        time.sleep(BETWEEN)

    return heard


@asynccontextmanager
async def playing(artifacts, size=(120, 40), plain=True):
    """Open an app on a folder of runs, its own runs slow and endless, and wait for all of it."""
    config = RunConfig(dataset="digits", artifacts=str(artifacts), threads=1)
    conductor = Conductor()
    conductor.driver.laboratory = SlowLaboratory(warn=conductor.notices.put)
    app = MnistTui(
        config, plain=plain, preferences=Preferences(defaults=ENDLESS), conductor=conductor
    )
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.focused is not None or size < (60, 18))
        try:
            opening = [worker for worker in app.workers if worker.name != "engine"]
            await until(pilot, lambda: not any(worker.is_running for worker in opening))
            yield app, pilot
        except BaseException:  # or the engine's thread would go on, and be waited for
            conductor.stop_all("user")
            conductor.close()
            raise


async def settled(app):
    """Wait until the app has taken in what was sent to it before."""
    taken = asyncio.Event()
    app.call_later(taken.set)
    for _ in range(10_000):
        if taken.is_set() or not app.is_running or app._exit:
            break
        await asyncio.sleep(0.001)
    else:
        raise AssertionError("the app hangs")
    await asyncio.sleep(0)


async def press(app, *keys):
    """Press keys as a terminal would send them."""
    for key in keys:
        event = events.Key(key, character(key))
        event.set_sender(app)
        app.post_message(event)
        await settled(app)


def character(key):
    """Return what a key types, None for one that types nothing."""
    if len(key) == 1:
        return key
    if "+" in key:
        return None
    name = REPLACED_KEYS.get(key, key)
    try:
        return unicodedata.lookup(KEY_TO_UNICODE_NAME.get(name, name))
    except KeyError:
        return None


async def click(app, x, y, button=1):
    """Press and release a mouse button."""
    for kind in (events.MouseMove, events.MouseDown, events.MouseUp):
        app.post_message(mouse(kind, x, y, 0 if kind is events.MouseMove else button))
    await settled(app)


async def scroll(app, x, y, down):
    """Turn the wheel by one."""
    kind = events.MouseScrollDown if down else events.MouseScrollUp
    app.post_message(mouse(kind, x, y, 0))
    await settled(app)


def mouse(kind, x, y, button):
    return kind(None, x, y, 0, 0, button, False, False, False, screen_x=x, screen_y=y)


async def resize(app, width, height):
    """Give the terminal another size."""
    size = Size(width, height)
    app._driver._size = size
    app.post_message(events.Resize(size, size))
    await settled(app)


def assert_sound(app, *doing):
    """Nothing was raised anywhere in the app, and it is there."""
    assert app._exception is None, doing
    assert app.faults.count == 0, doing
    assert app.broken is None, doing
    assert app.is_running, doing
