"""The command palette: it can be closed at any moment."""

import asyncio

import pytest
from textual.events import Key

from tests.tui.player import assert_sound, playing


@pytest.mark.parametrize("typed", ["", "s", "st"], ids=["opened", "a letter", "two"])
def test_the_palette_may_close_while_it_gathers(typed, tmp_path):
    async def play():
        async with playing(tmp_path) as (app, _):
            for turns in range(20):  # of the event loop, between what is typed and the close
                app.action_command_palette()
                await passed(100 if typed else 0)
                for letter in typed:
                    app.post_message(Key(letter, letter))
                await passed(turns)
                app.pop_screen()
                await passed(200)
                assert_sound(app, turns)

    asyncio.run(play())


async def passed(turns):
    for _ in range(turns):
        await asyncio.sleep(0)
