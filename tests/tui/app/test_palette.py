"""The command palette: it finds runs, and can be closed at any moment."""

import asyncio
import re
import time
from pathlib import Path

import pytest
from textual.events import Key

from engine.runs.filter import parse
from engine.runs.index import summaries
from engine.runs.summary import Summary
from tests.conftest import a_few
from tests.tui.pilot import live, until
from tests.tui.player import assert_sound, playing
from tui.app.palette import MOST_RUNS, RunCommands


@pytest.mark.parametrize("typed", a_few(["", "s", "st"], 1), ids=["opened", "a letter", "two"])
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


async def found_in(app, query):
    """Return what the palette finds among the runs."""
    runs = RunCommands(app.screen)
    await runs.startup()
    return [hit async for hit in runs.search(query)]


@pytest.mark.extended
def test_runs_are_found_by_id_network_and_dataset_and_open(finished):
    async def story(app, pilot):
        there = [run.run for run in summaries(Path(finished))]
        for query in ("two-conv-fc", "train", there[0][-12:], "section:visualize"):
            hits = await found_in(app, query)
            ids = [hit.text.split("\n")[1] for hit in hits]
            wanted = parse(query)
            expected = [r.run for r in summaries(Path(finished)) if wanted.passes(r, 0)]
            assert ids == expected[:MOST_RUNS]
            assert ids
            assert [hit.score for hit in hits] == sorted((h.score for h in hits), reverse=True)
        assert not await found_in(app, "t")  # every run has one
        [told, *_] = [hit.text for hit in await found_in(app, "model:two-conv-fc section:train")]
        assert re.match(r"● two-conv-fc · train · digits · [\d.]+% · \d+\w ago\n", told)
        assert not await found_in(app, "accuracy>x")
        await pilot.press("ctrl+p", *"section:visualize")
        listed = app.screen.query_one("CommandList")
        await until(pilot, lambda: listed.option_count and "visualize" in str(
            listed.options[0].prompt), 10)  # fmt: skip
        await pilot.press("enter")
        await until(pilot, lambda: app.main.current == "visualize", 10)
        await until(pilot, lambda: app.main.pane.shown is not None, 5)

    live(finished, story)


def test_ten_thousand_runs_are_searched_at_once(tmp_path):
    async def story(app, pilot):
        runs = RunCommands(app.screen)
        runs._runs = [Summary(run="base", model="[red]x[/")]
        [hit] = [hit async for hit in runs.search("base")]
        assert hit.prompt.plain == "? [red]x[/ · damaged\nbase"
        runs._runs = [Summary(run=f"2026-{n}-train-baseline", model="baseline")
                      for n in range(10_000)]  # fmt: skip
        begin = time.perf_counter()
        assert [hit async for hit in runs.search("nothing has this")] == []
        assert len([hit async for hit in runs.search("base")]) == MOST_RUNS
        assert time.perf_counter() - begin < 1

    live(tmp_path, story)
