"""What goes to the terminal: it is counted, and images go along where the terminal shows them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from textual.app import App
from textual.driver import Driver
from textual.events import Resize

from tui.app.faults import plant
from tui.app.terminal.images import Images
from tui.drawing.placing import STAND_INS, Placing
from tui.images import in_tmux

LATE = 0.1  # seconds between two tries to send what the line could not take
WAITING = 6  # writes of Textual that may wait; it stops drawing at thirty


class SendingApp(App[None]):
    """An app whose driver counts what it sends, and sends images."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = 0  # bytes that went to the terminal
        self.images: Images | None = None  # where the terminal is to show them

    def report(self, error: BaseException, place: str, source: object = None) -> None:
        """Show an error; the app goes on."""
        raise NotImplementedError

    def get_driver_class(self) -> type[Driver]:
        """Return Textual's driver, which counts what it sends, and sends images."""
        return sending(self, super().get_driver_class())

    def show_images(self, placing: Placing) -> None:
        """Take the terminal for one that shows images."""
        self.images = Images(placing, tmux=in_tmux(), busy=self.stalls)

    def translated(self, data: str) -> str:
        """Return what to write for what Textual writes."""
        if self.images is None:
            return data
        try:
            plant("images")
            return self.images.translate(data)
        except Exception as error:
            self.report(error, "images")
            return STAND_INS.sub(lambda found: " " * len(found[0]), data)

    def catch_up(self) -> None:
        """Send images that the line could not take."""
        self._send_images(lambda images: images.catch_up())

    def on_mount(self) -> None:
        """Start the timer for what the line could not take."""
        if self.images is not None:
            self.set_interval(LATE, self.catch_up)

    def on_resize(self, event: Resize) -> None:
        """Free the images that a smaller terminal has lost."""
        self._send_images(lambda images: images.fit(*event.size))

    def stalls(self) -> bool:
        """Tell whether the terminal takes less than it is sent."""
        writer = getattr(self._driver, "_writer_thread", None)
        return writer is not None and writer._queue.qsize() > WAITING

    def _send_images(self, written: Callable[[Images], str]) -> None:
        """Send what the images need, past what Textual writes."""
        driver: Any = None if self.is_headless else self._driver  # a class made at run time
        if self.images is not None and driver:
            with driver.undivided():
                driver.pass_on(written(self.images))


def sending(app: SendingApp, driver: type[Driver]) -> type[Driver]:
    """Return a driver that counts what it sends, and sends images."""

    class Sending(driver):  # type: ignore[misc, valid-type]
        _inside = 0
        _to_be_suspended = False

        def write(self, data: str) -> None:
            with self.undivided():
                self.pass_on(app.translated(data))

        def pass_on(self, data: str) -> None:
            if data:
                app.sent += len(data.encode(errors="replace"))
                super().write(data)

        def stop_application_mode(self) -> None:
            with suppress(Exception):  # at the end, and when the app is suspended
                self.pass_on(app.images.free() if app.images is not None else "")
            super().stop_application_mode()

        @contextmanager
        def undivided(self) -> Iterator[None]:
            """Put a suspension off that comes between what is sent and the note that it was.

            It frees all images; what was just being written would name some of them.
            """
            self._inside += 1
            try:
                yield
            finally:
                self._inside -= 1
                if self._to_be_suspended and not self._inside:
                    self._to_be_suspended = False
                    self._sigtstp_application()

        def _sigtstp_application(self, *signal: object) -> None:
            if self._inside:
                self._to_be_suspended = True
            else:
                super()._sigtstp_application(*signal)

    return Sending
