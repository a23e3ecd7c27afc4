"""Test images in an order: those of a training, and those with a noise on them.

They are loaded in a thread, since a dataset may have to be read; what they return is drawn.
"""

from collections.abc import Sequence

import numpy as np
from rich.text import Text
from textual.geometry import Size

from engine.analysis.answers import Answers, read_answers, read_answers_to_noise, resisting
from engine.data.classes import class_noun, numbered, plural
from engine.laboratory import Laboratory
from engine.runs.run import Run
from tui.app.sections.adversarial.pane import labels_of
from tui.app.widgets.probabilities import probability_bars
from tui.drawing.pixels import Ink, draw_grey, draw_signed
from tui.drawing.thumbnails import GAP, WRONG, beside
from tui.live.task import Task
from tui.words import cut

WORDS = 26  # cells that words and bars need beside a picture
TARGET = "target"
NAME = 12  # cells of a fact's name
LARGE = 112  # pixels a side that are enough


class Exhibit:
    """Test images in an order; ``title`` says which, ``nothing`` what it means if there are none.

    An image is called by its number ``n`` in that order.
    """

    def __init__(
        self, task: Task, images: np.ndarray, places: np.ndarray, title: str, nothing: str = ""
    ) -> None:
        """``images`` uint8 [N, H, W] are all test images, ``places`` where the shown ones are."""
        self.names, self.title, self.nothing = task.classes, title, nothing
        self._images, self._places = images, places
        self._edge: int = min(task.margin, (images.shape[1] - 8) // 2)

    def __len__(self) -> int:
        return len(self._places)

    @property
    def pixels(self) -> int:
        """Pixels a side of a thumbnail."""
        return int(self._images.shape[1]) - 2 * self._edge

    def clean(self, n: int) -> np.ndarray:
        """Return an image as it is: [H, W] in [0, 1]."""
        image: np.ndarray = self._images[self._places[n]].astype(np.float32) / 255
        return image

    def image(self, n: int) -> np.ndarray:
        """Return an image as the network sees it: [H, W] in [0, 1]."""
        return self.clean(n)

    def thumbnail(self, n: int) -> np.ndarray:
        """Return an image without its empty edge."""
        inner = slice(self._edge, self._images.shape[1] - self._edge)
        return self.image(n)[inner, inner]

    def captions(self, n: int, cells: int, lines: int) -> Sequence[Text]:
        """Return one or two lines about an image, as far as they fit."""
        raise NotImplementedError

    def facts(self, n: int) -> Sequence[tuple[str, str, str]]:
        """Return what there is to say of an image: names, values and their styles."""
        raise NotImplementedError

    def told(self, n: int) -> Text:
        """Return that in a line, without what is the same for all of them."""
        words = Text(no_wrap=True)
        for name, value, style in self.facts(n):
            if name == TARGET:
                continue
            words.append(f"{name} ", "$text-muted").append(f"{value}  ", style)
        return words

    def closely(self, n: int, room: Size, shades: Ink) -> Text:
        """Return a close look at an image."""
        raise NotImplementedError

    def _crisp(self, size: int) -> int:
        """Return the largest side up to ``size`` at which all pixels are of one size."""
        pixels = self._images.shape[1]
        return int(size // pixels * pixels if size >= pixels else size) // 2 * 2

    def _in_lines(self, n: int, width: int) -> Text:
        words = Text()
        for name, value, style in self.facts(n):
            words.append(f"{name:{NAME}}", "$text-muted")
            words.append(cut(value, max(width - NAME, 4)).rstrip() + "\n", style)
        return words.append(f"{'test image':{NAME}}{self._places[n]:,}\n", "$text-muted")


class Answered(Exhibit):
    """Images with what a network says of them."""

    def __init__(
        self,
        task: Task,
        images: np.ndarray,
        answers: Answers,
        places: np.ndarray,
        title: str,
        nothing: str = "",
    ) -> None:
        super().__init__(task, images, places, title, nothing)
        self._answers, self._confidences = answers, answers.confidences

    def _of(self, n: int) -> tuple[int, int, float]:
        """Return label, prediction and confidence."""
        place, answers = self._places[n], self._answers
        return (
            int(answers.labels[place]), int(answers.predictions[place]),
            float(self._confidences[place]),
        )  # fmt: skip

    def captions(self, n: int, cells: int, lines: int) -> Sequence[Text]:
        """Return label, prediction and confidence: names where there are two lines for them."""
        label, predicted, confidence = self._of(n)
        right = label == predicted
        style, share = "" if right else WRONG, f"{confidence:.0%}"
        if lines == 1:
            words = str(label) if right else f"{label}✗{predicted}"
            return [Text(f"{words} {share}" if len(words) + 5 <= cells else words, style)]
        mark = "✓ " if right else "✗ "
        room = cells - len(share) - 1
        said = cut(mark + self.names[predicted], room) if room > 3 else f"{mark}{predicted}"
        return [Text(self.names[label]), Text(f"{said} {share}", style)]

    def facts(self, n: int) -> Sequence[tuple[str, str, str]]:
        """Return label, prediction and confidence."""
        label, predicted, confidence = self._of(n)
        return (
            ("label", numbered(self.names, label), "bold"),
            ("predicted", numbered(self.names, predicted), "bold" if label == predicted else WRONG),
            ("confidence", f"{confidence:.1%}", ""),
        )

    def closely(self, n: int, room: Size, shades: Ink) -> Text:
        """Return the image beside the probabilities of all classes."""
        wide = max(room.width - GAP - WORDS, 8)
        size = self._crisp(min(wide, 2 * room.height, LARGE))
        width = room.width - GAP - size
        words = self._in_lines(n, width).append("\n")
        lines = room.height - words.plain.count("\n")
        label, place = self._of(n)[0], self._places[n]
        bars = probability_bars(
            self.names, self._answers.probabilities[place], label, width=width, lines=lines
        )
        return beside(draw_grey(self.image(n), shades, size), words.append_text(bars))


class Infused(Exhibit):
    """Images with the noise for a target on them, and what the network says then."""

    def __init__(
        self,
        task: Task,
        images: np.ndarray,
        labels: np.ndarray,
        noise: np.ndarray,
        answers: np.ndarray,
        target: int,
        places: np.ndarray,
        title: str,
        nothing: str = "",
    ) -> None:
        """``noise`` is [H, W], ``labels`` and ``answers`` with the noise are [N]."""
        super().__init__(task, images, places, title, nothing)
        self._labels, self._noise, self._answers = labels, noise, answers
        self._bound, self.target = max(float(np.abs(noise).max()), 1e-6), target

    def image(self, n: int) -> np.ndarray:
        """Return an image with the noise, clamped."""
        image: np.ndarray = np.clip(self.clean(n) + self._noise, 0, 1)
        return image

    def _of(self, n: int) -> tuple[int, int, bool]:
        """Return label, answer, and whether the image resists."""
        label, answer = int(self._labels[self._places[n]]), int(self._answers[self._places[n]])
        return label, answer, answer != self.target

    def captions(self, n: int, cells: int, lines: int) -> Sequence[Text]:
        """Return label and answer."""
        label, answer, resists = self._of(n)
        style = WRONG if resists else ""  # the answer says so too: it is not the target
        if lines == 1:
            return [Text(f"{label}→{answer}", style)]
        return [Text(self.names[label]), Text(f"→ {self.names[answer]}", style)]

    def facts(self, n: int) -> Sequence[tuple[str, str, str]]:
        """Return label, target and answer."""
        label, answer, resists = self._of(n)
        said = numbered(self.names, answer)
        return (
            ("label", numbered(self.names, label), "bold"),
            (TARGET, numbered(self.names, self.target), "bold"),
            ("read as", f"{said}, resists" if resists else said, WRONG if resists else "bold"),
        )

    def closely(self, n: int, room: Size, shades: Ink) -> Text:
        """Return clean image, noise and sum over what the network says."""
        words = self._in_lines(n, room.width)
        high = 2 * (room.height - 2 - words.plain.count("\n"))
        size = self._crisp(max(8, min((room.width - 2 * GAP) // 3, high, LARGE)))
        noise = draw_signed(self._noise, self._bound, shades, size)
        pictures = (
            ("clean", draw_grey(self.clean(n), shades, size)),
            (f"noise, ±{self._bound:.2f}", noise),
            ("sum, clamped", draw_grey(self.image(n), shades, size)),
        )  # fmt: skip
        drawn = Text()
        for head, picture in pictures:
            wide = picture.plain.index("\n")
            captioned = Text("\n").join([Text(head[:wide].ljust(wide), "$text-muted"), picture])
            drawn = beside(drawn, captioned) if drawn else captioned
        return Text("\n\n", no_wrap=True).join([drawn, words])


def mistakes_of_training(task: Task, laboratory: Laboratory) -> Exhibit:
    """Return the misclassified test images, the surest first. Raises MnistTuiError."""
    answers, images = _trained(task, laboratory)
    places = answers.mistakes()
    title = f"mistakes on {len(answers.labels):,} test images"
    nothing = "Every test image is classified correctly."
    return Answered(task, images, answers, places, title, nothing)


def cell_of_training(
    task: Task, title: str, label: int, predicted: int, laboratory: Laboratory
) -> Exhibit:
    """Return the test images of a cell of the confusion matrix. Raises MnistTuiError."""
    answers, images = _trained(task, laboratory)
    places = answers.of_cell(label, predicted)
    return Answered(task, images, answers, places, title)


def _trained(task: Task, laboratory: Laboratory) -> tuple[Answers, np.ndarray]:
    run = Run(task.path)
    answers = read_answers(run)
    return answers, laboratory.images_of(run).test.images


def source_of_noise(task: Task, row: int, source: int, laboratory: Laboratory) -> Exhibit:
    """Return a class's test images with a noise, those that resist first. Raises MnistTuiError."""
    return _infused(task, row, source, laboratory)


def resisting_noise(task: Task, row: int, laboratory: Laboratory) -> Exhibit:
    """Return all test images that resist a noise. Raises MnistTuiError."""
    return _infused(task, row, None, laboratory)


def _infused(task: Task, row: int, source: int | None, laboratory: Laboratory) -> Exhibit:
    run, names, target = Run(task.path), task.classes, labels_of(task)[row]
    answers, noise = read_answers_to_noise(run)[row], run.array()[row, 0]
    test = laboratory.images_of(run).test
    places, count = resisting(answers, test.labels, target, source)
    title = f"resisting the noise for {numbered(names, target)}"
    if source is not None:
        title = f"{numbered(names, source)} with the noise for {numbered(names, target)}"
        title += f", {count:,} {'resists' if count == 1 else 'resist'}"
    nothing = f"Every test image of other {plural(class_noun(names))} is read as the target."
    return Infused(task, test.images, test.labels, noise, answers, target, places, title, nothing)
