"""One of the sixteen samples at full size, and how the network's answer came about."""

from contextlib import suppress
from functools import partial

import numpy as np
from rich.cells import cell_len
from rich.text import Text
from textual.geometry import Size

from engine.data.classes import numbered
from engine.errors import MnistTuiError
from engine.runs.events import Preview
from engine.runs.run import Run
from tui.app.screens.closeup import CloseUp
from tui.app.sections.train.pane import TrainPane, model_of
from tui.app.sections.train.samples import labels_and_answers
from tui.app.widgets.probabilities import probability_bars
from tui.drawing.pixels import draw_grey
from tui.drawing.spark import spark
from tui.drawing.thumbnails import GAP, WRONG, beside
from tui.words import cut

ANSWERS = 20  # of the latest, shown
WORDS = 26  # cells that the words need
HEAD = 12  # of them, before what an image is and is read as
LARGE = 84  # pixels a side that are enough
CRISP = 0.75  # of the room, from which on a whole multiple of its pixels is better than all of it
LOW = 21  # lines, below which nothing is left blank


class SampleView(CloseUp):
    """A validation image, the answer now and the answers so far.

    The journal has the probability of each answer. Those of all classes come from the weights that
    a finished training left, in a thread: that may be the first thing to need torch.
    """

    pane: TrainPane
    index = 0

    def __init__(self, pane: TrainPane) -> None:
        super().__init__(pane)
        self.probabilities: np.ndarray | None = None  # [N, K], by the final weights

    def on_mount(self) -> None:
        """Draw, and begin to ask the final weights."""
        super().on_mount()
        if self.shown.history.finished is not None and "samples" in self.shown.history.previews:
            ask = partial(self._ask, self.shown.history.images("samples"))
            self.app.run_worker(ask, name="sample", thread=True, exit_on_error=False)

    def _ask(self, images: np.ndarray) -> None:
        """Ask in a thread, which must not wait for the screen; without an answer there is less."""
        from engine.analysis.samples import probabilities_of

        with suppress(MnistTuiError, OSError):
            self.probabilities = probabilities_of(Run(self.shown.path), images)

    def title_words(self) -> str:
        """Return which sample of which network it is."""
        return (
            f"Sample {self.index + 1} of {self._count()}  {model_of(self.shown.config)}{self.when}"
        )

    def _count(self) -> int:
        answers = self.shown.history.preview("samples")
        return len(answers.values["label"]) if answers else 1

    def picture(self, room: Size) -> Text:
        """Return the image beside what the network says of it."""
        history, cursor = self.shown.history, self.cursor
        if history.preview("samples", cursor) is None:  # it is told from its start again
            return Text("No sample yet.", "$text-muted")
        image = history.images("samples")[self.index]
        most = min(room.width - GAP - WORDS, 2 * room.height, max(LARGE, len(image)))
        whole = most // len(image) * len(image)  # of its pixels
        size = (whole if whole > CRISP * most else most) // 2 * 2
        drawn = draw_grey(image, self.shades, size)
        known = history.previews["samples"]
        latest, spread = known.latest(cursor, ANSWERS), known.spread(cursor, ANSWERS)
        words = Size(room.width - GAP - size, room.height)
        return beside(drawn, self._words(list(latest), list(spread), words))

    def _words(self, latest: list[Preview], spread: list[Preview], room: Size) -> Text:
        """Return what the network says and has said, in a room of cells and lines."""
        label = labels_and_answers(latest[-1])[0][self.index]
        answers = [labels_and_answers(preview)[1][self.index] for preview in latest]
        sure = [float(preview.values["probability"][self.index]) for preview in spread]
        answer, names = answers[-1], self.shown.classes
        true, said = (cut(numbered(names, n), room.width - HEAD).rstrip() for n in (label, answer))
        words = Text.assemble(
            ("label       ", "$text-muted"), (f"{true}\n", "bold"), ("predicted   ", "$text-muted")
        )
        words.append(said, "bold" if answer == label else WRONG)
        marks = ("  ✗ wrong", " ✗") if answer != label else ()
        fitting = (mark for mark in marks if cell_len(said + mark) <= room.width - HEAD)
        words.append(next(fitting, ""), WRONG)
        final = None
        if self.probabilities is not None and self.cursor is None:
            final = self.probabilities[self.index]
        # In float32, while the run may have asked in another precision.
        confidence = sure[-1] if final is None else float(final[answer])
        words.append("\nconfidence  ", "$text-muted").append(f"{confidence:.1%}\n")
        past = self._past(answers, label, sure, low=room.height < LOW)
        if final is not None:
            blank = room.height >= LOW - 5
            lines = room.height - 3 - blank - (past.plain.count("\n") + 1)
            words.append("\n" if blank else "").append_text(
                probability_bars(names, final, label, width=room.width, lines=lines)
            ).append("\n")
        return words.append_text(past)

    def _past(self, answers: list[int], label: int, sure: list[float], *, low: bool) -> Text:
        """Return the answers so far and how sure of them the network was."""
        words = Text()
        if not low:
            words.append("\nanswers so far\n", "$text-muted")
        one = len(str(len(self.shown.classes) - 1))  # of one figure each, nothing need part them
        across = ANSWERS if one == 1 else WORDS // (one + 1)
        for number, past in enumerate(answers[-across:] if low else answers):
            if number and number % across == 0:
                words.append("\n")
            words.append(str(past).rjust(one), "" if past == label else WRONG)
            words.append("" if one == 1 else " ")
        words.append("\n")
        if not low:
            words.append("\nhow sure of them\n", "$text-muted")
        return words.append(spark(sure, len(sure)))

    def action_move(self, by: int) -> None:
        """Go to the next sample."""
        self.index = (self.index + by) % self._count()
        self.draw()
