"""One of the sixteen samples at full size, and how the network's answer came about."""

from rich.text import Text
from textual.geometry import Size

from engine.networks.architectures import SIDE
from engine.runs.events import Preview
from tui.app.screens.closeup import CloseUp
from tui.app.sections.train import TrainPane, labels_and_answers, model_of
from tui.app.widgets.chart import spark
from tui.drawing.pixels import draw_grey, enlarge
from tui.drawing.thumbnails import GAP, WRONG, beside

ANSWERS = 20  # of the latest, shown
WORDS = ANSWERS  # cells that the words need


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
        large = room.width >= 2 * SIDE + GAP + WORDS and room.height >= SIDE
        factor = 2 if large else 1
        image = history.images("samples")[self.index]
        drawn = draw_grey(enlarge(image, factor), self.shades)
        known = history.previews["samples"]
        latest, spread = known.latest(cursor, ANSWERS), known.spread(cursor, ANSWERS)
        return beside(drawn, self._words(list(latest), list(spread)))

    def _words(self, latest: list[Preview], spread: list[Preview]) -> Text:
        label = labels_and_answers(latest[-1])[0][self.index]
        answers = [labels_and_answers(preview)[1][self.index] for preview in latest]
        sure = [float(preview.values["probability"][self.index]) for preview in spread]
        answer = answers[-1]
        words = Text.assemble(
            ("\nit is    ", "$text-muted"), (f"{label}\n", "bold"), ("read as  ", "$text-muted")
        )
        words.append(f"{answer}", "bold" if answer == label else WRONG)
        if answer != label:
            words.append("  ✗ wrong", WRONG)
        words.append("\nsure     ", "$text-muted").append(f"{sure[-1]:.1%}\n\n")
        words.append("answers so far\n", "$text-muted")
        for past in answers:
            words.append(str(past), "" if past == label else WRONG)
        words.append("\n\nhow sure of them\n", "$text-muted")
        return words.append(spark(sure, len(sure)))

    def action_move(self, by: int) -> None:
        """Go to the next sample."""
        self.index = (self.index + by) % self._count()
        self.draw()
