"""Why something on the pad cannot be done now, in one sentence each; None where it can."""

from tui.app.keys.keymap import titled
from tui.app.screens.pad.asking import Asking


class Reasons(Asking):
    """Mixed in before the pad."""

    def why_not_clear(self) -> str | None:
        """An empty canvas stays as it is."""
        return "The canvas is empty." if self.desk.canvas.blank else None

    def why_no_undo(self) -> str | None:
        """Nothing was drawn yet."""
        return None if self.desk.canvas.undoable else "There is nothing to take back."

    def why_not_keep(self) -> str | None:
        """Nothing is drawn, or it is not known what the classes are."""
        if self.desk.canvas.blank:
            return "The canvas is empty."
        if not self.desk.sha256:
            return "It is not known yet which dataset this is."
        return None

    def why_no_image(self) -> str | None:
        """The images are not there."""
        if self.desk.starts is not None:
            return None
        if not self.desk.here:
            return "No network has been trained on any images yet."
        return self.no_images

    def why_not_wrong(self) -> str | None:
        """The answers are not known."""
        if (why := self.why_no_image()) is not None:
            return why
        assert self.desk.starts is not None
        if self.desk.starts.answers is None:
            return "What the network says of the test images is not known."
        return None

    def why_no_networks(self) -> str | None:
        """None was trained."""
        return None if self.desk.here else "No network has been trained on this dataset yet."

    def why_no_other_dataset(self) -> str | None:
        """There is no other."""
        if any(one["sha256"] != self.desk.sha256 for one in self.desk.datasets):
            return None
        return "No network is trained on another dataset."

    def why_no_noise(self) -> str | None:
        """No noise was made."""
        if self.desk.noise is not None:
            return None
        place = titled("adversarial", self.app.keys)
        return f"No noise has been made for these images yet; {place} makes some."

    def why_no_maps(self) -> str | None:
        """None are shown."""
        if not self.sizes.maps:
            return f"{self.app.keys.name('pad.inside')} shows the maps of a layer."
        if self.desk.looked_into is None or self.desk.layer is None:
            return "There is no network to look into."
        return None
