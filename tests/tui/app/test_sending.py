"""What goes to the terminal: counted, and never cut in two by a suspension."""

import pytest

from tui.app.terminal.sending import SendingApp, sending


class Recorder:
    """Stands for Textual's driver."""

    is_headless = False

    def __init__(self):
        self.done = []

    def write(self, data):
        self.done.append(data)

    def stop_application_mode(self):
        self.done.append("stopped")

    def _sigtstp_application(self, *_):
        self.stop_application_mode()
        self.done.append("suspended")


class Images:
    """Suspends the app in the middle of what it is asked for."""

    def __init__(self, driver):
        self.driver = driver

    def translate(self, data):
        self.driver._sigtstp_application(20, None)
        return f"{data} with images"

    def catch_up(self):
        self.driver._sigtstp_application(20, None)
        return "late images"

    def fit(self, columns, lines):
        self.driver._sigtstp_application(20, None)
        return f"fits {columns}x{lines}"

    def free(self):
        return "freed"


@pytest.fixture
def app():
    app = SendingApp()
    app._driver = sending(app, Recorder)()
    app.images = Images(app._driver)
    return app


AFTERWARDS = ["freed", "stopped", "suspended"]


@pytest.mark.parametrize("written", ["a line with images", "late images"])
def test_a_suspension_waits_for_what_is_being_written(app, written):
    if written == "late images":
        app.catch_up()
    else:
        app._driver.write("a line")
    assert app._driver.done == [written, *AFTERWARDS]
    app.images.translate = str
    app._driver.write("another")  # nothing waits any more
    assert app._driver.done == [written, *AFTERWARDS, "another"]
    assert app.sent == len(f"{written}freedanother")


def test_an_error_does_not_keep_it_waiting(app):
    def fails(data):
        app._driver._sigtstp_application()
        raise OSError("the line is gone")

    app.report = lambda error, place: None
    app.images.translate = fails
    app._driver.write("a line")
    assert app._driver.done == ["a line", *AFTERWARDS]


def test_elsewhere_a_suspension_comes_at_once(app):
    app._driver._sigtstp_application()
    assert app._driver.done == AFTERWARDS
