"""Success by true digit and target label, as a map of ten by ten."""

from rich.text import Text

from engine.architectures import CLASSES
from tui.screens.closeup import CloseUp

CELL = 5
DARK, BRIGHT = (23, 32, 51), (253, 231, 37)  # both ends are told apart by the colour-blind


class SuccessMap(CloseUp):
    """How often the network says the target, in per cent, on test images of each digit."""

    def keys(self) -> str:
        """Return the keys in a few words."""
        return "escape closes"

    def title_words(self) -> str:
        """Return what is shown."""
        return "Success in % on test images"

    def picture(self) -> Text:
        """Return a row for each target, a column for each true digit."""
        finished = self.shown.history.finished
        if finished is None:
            return Text("The map comes with the judging on the test images, at the end.", "dim")
        words = Text("target   true digit\n", "dim")
        words.append("      " + "".join(f"{digit:>{CELL}}" for digit in range(CLASSES)), "bold")
        words.append("    all\n", "bold")
        for target in finished.figures["targets"]:
            words.append(f"   {target['label']}  ", "bold")
            for rate in target["by_source"]:
                words.append_text(self._cell(rate))
            words.append(f"  {target['success']['rate'] * 100:5.1f}\n")
        return words

    def _cell(self, rate: float | None) -> Text:
        if rate is None:
            return Text(f"{'-' if self.plain else '·':>{CELL}}", "dim")
        number = f"{rate * 100:.0f}" if rate in (0, 1) else f"{min(rate, 0.999) * 100:.1f}"
        words = f"{number:>{CELL}}"
        if self.plain:
            return Text(words)
        colour = [round(a + (b - a) * rate) for a, b in zip(DARK, BRIGHT, strict=True)]
        ink = "#000000" if rate > 0.45 else "#FFFFFF"
        return Text(words, f"{ink} on rgb({colour[0]},{colour[1]},{colour[2]})")
