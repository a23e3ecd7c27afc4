"""One of the sixteen samples at full size, and how the network's answer came about."""

from rich.cells import cell_len
from rich.text import Text
from textual.geometry import Size

from engine.data.classes import numbered
from engine.runs.events import Preview
from tui.app.screens.closeup import CloseUp
from tui.app.sections.samples import labels_and_answers
from tui.app.sections.train import TrainPane, model_of
from tui.app.widgets.chart import spark
from tui.drawing.pixels import draw_grey, exactly
from tui.drawing.thumbnails import GAP, WRONG, beside
from tui.words import cut

ANSWERS = 20  # of the latest, shown
WORDS = ANSWERS  # cells that the words need
HEAD = 9  # of them, before what an image is and is read as
LARGE = 56  # pixels a side that are enough


class SampleView(CloseUp):
    """A validation image, the answer now and the answers so far."""

    pane: TrainPane
    index = 0

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
        size = min(room.width - GAP - WORDS, 2 * room.height, max(LARGE, len(image)))
        image = exactly(image, size // 2 * 2)
        drawn = draw_grey(image, self.shades)
        known = history.previews["samples"]
        latest, spread = known.latest(cursor, ANSWERS), known.spread(cursor, ANSWERS)
        width = room.width - GAP - len(image)
        return beside(drawn, self._words(list(latest), list(spread), width))

    def _words(self, latest: list[Preview], spread: list[Preview], width: int) -> Text:
        label = labels_and_answers(latest[-1])[0][self.index]
        answers = [labels_and_answers(preview)[1][self.index] for preview in latest]
        sure = [float(preview.values["probability"][self.index]) for preview in spread]
        answer, names = answers[-1], self.shown.classes
        true, read_as = (cut(numbered(names, n), width - HEAD).rstrip() for n in (label, answer))
        words = Text.assemble(
            ("\nit is    ", "$text-muted"), (f"{true}\n", "bold"), ("read as  ", "$text-muted")
        )
        words.append(read_as, "bold" if answer == label else WRONG)
        if answer != label:
            wrong = "  ✗ wrong"
            fits = cell_len(read_as) + len(wrong) <= width - HEAD
            words.append(wrong if fits else f"\n{' ' * (HEAD - 2)}{wrong}", WRONG)
        words.append("\nsure     ", "$text-muted").append(f"{sure[-1]:.1%}\n\n")
        words.append("answers so far\n", "$text-muted")
        one = len(str(len(names) - 1))  # where all are of one figure, nothing need part them
        across = WORDS if one == 1 else WORDS // (one + 1)
        for number, past in enumerate(answers):
            if number and number % across == 0:
                words.append("\n")
            words.append(str(past).rjust(one), "" if past == label else WRONG)
            words.append("" if one == 1 else " ")
        words.append("\n\nhow sure of them\n", "$text-muted")
        return words.append(spark(sure, len(sure)))

    def action_move(self, by: int) -> None:
        """Go to the next sample."""
        self.index = (self.index + by) % self._count()
        self.draw()
