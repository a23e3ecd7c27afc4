"""The screen that holds the sections."""

import asyncio

from textual.events import Resize
from textual.geometry import Size

from engine.config import RunConfig
from tests.tui.pilot import live, until
from tui.app.app import MnistTui


def test_a_key_before_the_first_frame_waits_for_it(tmp_path):
    async def play():
        app = MnistTui(RunConfig(dataset="digits", artifacts=str(tmp_path)), plain=True)
        doing = asyncio.ensure_future(app.main.action_do("section.adversarial"))
        await asyncio.sleep(0)
        assert not doing.done()
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: app.main.current == "adversarial", 5)
            assert app.faults.count == 0
        await doing

    asyncio.run(play())


def test_a_resize_that_comes_as_the_app_ends_is_for_nobody(tmp_path):
    async def story(app, pilot):
        await app.main.query("*").remove()  # as the end does, from below
        assert app.main.is_mounted
        app.on_resize(Resize(Size(80, 24), Size(80, 24)))

    live(tmp_path, story)
