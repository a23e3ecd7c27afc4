"""An app driven by Textual's pilot."""

import asyncio

import pytest

from engine.config import RunConfig
from engine.sections.train.config import TrainConfig
from tui.app.app import MnistTui
from tui.app.palette import ActionCommands


def live(artifacts, story, size=(120, 40), preferences=None, conductor=None, plain=True,
         images="auto", **options):  # fmt: skip
    """Run a story, a coroutine of app and pilot, in an app of its own."""

    async def play():
        config = RunConfig(**{"dataset": "digits", "artifacts": str(artifacts)} | options)
        app = MnistTui(config, plain=plain, preferences=preferences, conductor=conductor,
                       images=images)  # fmt: skip
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: app.focused is not None)
            await pilot.pause(0.1)
            opening = [worker for worker in app.workers if worker.name != "engine"]
            await until(pilot, lambda: not any(worker.is_running for worker in opening))
            await story(app, pilot)

    asyncio.run(play())


async def until(pilot, condition, seconds=60):
    for _ in range(int(seconds / 0.05)):
        if condition():
            return
        await pilot.pause(0.05)
    pytest.fail("what was waited for did not happen")


def text(app, selector):
    return str(app.screen.query_one(selector).render())


def long_training(app, artifacts):
    config = TrainConfig(model="baseline", dataset="digits", epochs=10_000,
                         artifacts=str(artifacts))  # fmt: skip
    [task] = app.conductor.start([config], "a command")
    return task


async def commands_of(app):
    """Return what the palette finds: titles and helps."""
    ours = [(str(hit.text), hit.help) async for hit in ActionCommands(app.screen).discover()]
    others = app.get_system_commands(app.screen)
    return [*ours, *((command.title, command.help) for command in others)]
