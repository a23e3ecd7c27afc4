"""The galleries that a section opens: what a network gets wrong, what resists a noise."""

from functools import partial

from tui.app.screens.exhibits import mistakes_of_training, resisting_noise
from tui.app.screens.gallery import Gallery
from tui.app.sections.adversarial.pane import AdversarialPane
from tui.app.sections.train.pane import TrainPane


class Mistakes(Gallery):
    """The misclassified test images of the shown training, the surest first."""

    def __init__(self, pane: TrainPane) -> None:
        assert pane.shown is not None
        super().__init__(pane, pane.shown, partial(mistakes_of_training, pane.shown))


class Resisting(Gallery):
    """The test images that resist the noise for the chosen target."""

    def __init__(self, pane: AdversarialPane) -> None:
        row = pane.index_of(pane.row)
        assert pane.shown is not None
        assert row is not None
        super().__init__(pane, pane.shown, partial(resisting_noise, pane.shown, row))
