"""What is drawn on the pad: by mouse and keys, or a test image to start from; and what is kept."""

import numpy as np

from engine.data.dataset import Split
from engine.data.drawings import Drawings, keep_drawing, place_for
from engine.errors import MnistTuiError
from engine.files.text import visible
from tui.app.screens.pad.canvas import CanvasView
from tui.app.screens.pad.choose import KeepAs
from tui.app.screens.pad.reasons import Reasons

STEP = 1 / 28  # of the canvas, that a key moves the pen


class Drawing(Reasons):
    """The canvas under mouse and keys."""

    _last = (0.5, 0.5)  # where mouse or pen drew last

    def on_canvas_view_touched(self, message: CanvasView.Touched) -> None:
        """Draw a line from where the mouse was."""
        canvas, erase = self.desk.canvas, message.erases or self.rubber
        if message.begins:
            canvas.begin()
            self._last = message.place
        canvas.line(self._last, message.place, erase=erase)
        self._last = message.place
        self.pen, self.pen_down = None, False
        self.desk.drew()
        self.changed()

    def move_pen(self, x: int, y: int) -> None:
        """Move the pen, which draws where it is down."""
        before = self.pen or self._last
        after = tuple(
            min(max(p + by * STEP, 0.0), 1.0) for p, by in zip(before, (x, y), strict=True)
        )
        self.pen = self._last = (after[0], after[1])
        if self.pen_down:
            self.desk.canvas.line(before, self.pen, erase=self.rubber)
            self.desk.drew()
            self.changed()
        else:
            self.draw_canvas()

    def toggle_pen(self) -> None:
        """Put the pen down, which makes a dot, or lift it."""
        self.pen = self.pen or self._last
        self.pen_down = not self.pen_down
        if self.pen_down:
            self.desk.canvas.begin()
            self.desk.canvas.line(self.pen, self.pen, erase=self.rubber)
            self.desk.drew()
        self.changed()

    def toggle_rubber(self) -> None:
        """Erase instead of drawing, or draw again."""
        self.rubber = not self.rubber
        self.draw_titles()

    def clear(self) -> None:
        """Clear the canvas."""
        self.desk.canvas.clear()
        self.desk.drew()
        self.pen_down = False
        self.changed()

    def undo(self) -> None:
        """Take back the last stroke."""
        self.desk.canvas.undo()
        self.desk.drew()
        self.pen_down = False
        self.changed()

    def toggle_centring(self) -> None:
        """Centre the drawing, or leave it where it is."""
        self.desk.centring = not self.desk.centring
        self.changed()

    async def keep(self) -> None:
        """Ask what the drawing is, and keep it."""
        desk = self.desk
        of = Drawings(
            Split(np.empty((0, desk.side, desk.side), np.uint8), np.empty(0, np.uint8)),
            tuple(desk.classes), self._dataset_name(), desk.sha256,
        )  # fmt: skip
        path = place_for(of.dataset)
        image = np.rint(desk.seen() * 255).astype(np.uint8)
        said = [answer.predicted for answer in self.answers if answer is not None]
        guess = desk.label if desk.label is not None else next(iter(said), None) or 0

        def keep(label: int | None) -> None:
            if label is None:
                return
            try:
                count = keep_drawing(path, image, label, of)
            except (MnistTuiError, OSError) as error:
                self.notify(f"The drawing cannot be kept: {error}", severity="error")
                return
            command = f"mnist-tui try --file {path}"
            self.notify(f"Kept: {count:,} in {visible(str(path))}; `{visible(command)}` asks about "
                        "all of them.")  # fmt: skip

        await self.app.push_screen(KeepAs(of.classes, guess, path), keep)

    def _dataset_name(self) -> str:
        if self.desk.here:
            return self.desk.here[0].data
        return str(self.desk.dataset.get("name", ""))

    def is_here(self, dataset: str) -> bool:
        """Tell whether networks of a dataset, as configs call it, answer here."""
        if not self.desk.here and not self._wanted:  # the first that there are
            return True
        known = self.app.conductor.datasets.get(dataset, {}).get("sha256")
        if known and self.desk.sha256:
            return bool(known == self.desk.sha256)
        return dataset == (self._dataset_name() or self.app.shared.dataset)

    # Test images.

    def start_from(self, by: int) -> None:
        """Put the next test image on the canvas."""
        if not self.desk.start_from(by):
            self.notify("There is no such test image.")
            return
        self.pen_down = False
        self.changed()

    def toggle_wrong(self) -> None:
        """Only images that the first network gets wrong, or all; and the first of them."""
        starts = self.desk.starts
        assert starts is not None
        self.desk.starts = starts.only_wrong(not starts.wrong_only)
        name = visible(self.desk.shown[0].name) if self.desk.shown else "the network"
        count = len(self.desk.starts.places)
        what = f"that {name} gets wrong" if not starts.wrong_only else "all"
        self.notify(f"Test images: {what} ({count:,}).")
        if count:
            self.start_from(1)

    def next_class(self) -> None:
        """Only images of the next class, or of all; and the first of them."""
        starts, names = self.desk.starts, self.desk.classes
        assert starts is not None
        label = 0 if starts.label is None else starts.label + 1
        self.desk.starts = starts.of_class(label if label < len(names) else None)
        count = len(self.desk.starts.places)
        what = f"of {names[label]}" if label < len(names) else "of all classes"
        self.notify(f"Test images {what} ({count:,}).")
        if count:
            self.start_from(1)
