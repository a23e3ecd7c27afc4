"""What lies on the pad: the drawing, the networks that are asked, the noise over it. No widgets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engine.data.classes import class_names
from engine.data.dataset import Dataset
from engine.networks.architectures import SIDE
from engine.networks.colours import series_apart
from engine.networks.layout import Layer
from engine.pad.canvas import Canvas
from engine.pad.networks import Trained, first_choice
from engine.pad.noises import Noise, infused
from engine.pad.starts import Starts
from tui.app.colours import SERIES
from tui.app.screens.pad.work import Listed, Question

CENTRED = ("mnist", "digits")  # datasets whose images are
FIRST = 3  # networks that are asked unless others are chosen
STRONGEST = 2.0


@dataclass(eq=False)
class Desk:
    """The state of the pad; ``dataset`` is what run.json says of it, {} while it is not known."""

    dataset: Mapping[str, Any] = field(default_factory=dict)
    trained: Sequence[Trained] = ()  # on all datasets, newest first
    shown: list[Trained] = field(default_factory=list)
    noises: Mapping[str, list[Noise]] = field(default_factory=dict)  # by dataset
    noise: Noise | None = None
    strength: float = 0.0
    centring: bool = True
    data: Dataset | None = None  # the images, where they are here
    starts: Starts | None = None
    place: int | None = None  # number of the test image on the canvas
    untouched: bool = False  # whether it was not drawn on
    inside: Path | None = None  # the run whose network is looked into, unless it is the last
    layers: dict[str, str] = field(default_factory=dict)  # the layer that is shown, by model

    def __post_init__(self) -> None:
        self.canvas = Canvas(SIDE)
        self.set_dataset(self.dataset)

    # Datasets and networks.

    @property
    def sha256(self) -> str:
        """The hash of the dataset, "" while it is not known."""
        return str(self.dataset.get("sha256", ""))

    @property
    def side(self) -> int:
        """Pixels a side of its images."""
        return self.canvas.side

    @property
    def classes(self) -> Sequence[str]:
        """The names of its classes."""
        return self.here[0].classes if self.here else tuple(class_names(self.dataset))

    @property
    def here(self) -> list[Trained]:
        """The networks that were trained on it."""
        return [one for one in self.trained if one.dataset["sha256"] == self.sha256]

    @property
    def datasets(self) -> list[Mapping[str, Any]]:
        """The datasets that there are networks of, and this one."""
        found = {one.dataset["sha256"]: one.dataset for one in self.trained}
        return list((found | ({self.sha256: self.dataset} if self.sha256 else {})).values())

    def take(self, listed: Listed, *, name: str, wanted: bool) -> Mapping[str, Any] | None:
        """Take in what there is. Return the dataset to go to where none is of this one.

        That is the one called ``name``, or that of the newest, unless this one is ``wanted``.
        """
        before = {one.run.path for one in self.here}
        chosen = [one.run.path for one in self.shown]
        known = {(n.run.id, n.label): n for noises in self.noises.values() for n in noises}
        self.trained = listed.trained
        self.noises = {  # the same objects as before, which are being counted
            sha256: [known.get((noise.run.id, noise.label), noise) for noise in noises]
            for sha256, noises in listed.noises.items()
        }
        if not self.here:
            named = [one for one in self.trained if one.data == name]
            if found := named or ([] if wanted else self.trained):
                return found[0].dataset
        new = [o for o in self.here if o.run.path not in before and not o.refused]
        there = {one.run.path: one for one in self.here}
        self.shown = [there[path] for path in chosen if path in there]  # in their order
        if not chosen or not self.shown:
            self.shown = first_choice(self.here, FIRST)
        elif before and new and len(self.shown) < FIRST:  # one that has finished meanwhile
            self.shown.append(new[0])
        self._choose_noise()
        return None

    def set_dataset(self, dataset: Mapping[str, Any]) -> None:
        """Go to another dataset; a drawing stays on the canvas where it fits."""
        self.dataset = dataset
        side, _ = dataset.get("image", (SIDE, SIDE))
        if side != self.canvas.side or self.untouched:
            self.canvas, self.untouched = Canvas(side), False
        self.centring = dataset.get("name", "mnist") in CENTRED
        self.data = self.starts = self.place = None
        self.shown = first_choice(self.here, FIRST)
        self.inside, self.strength = None, 0.0
        self._choose_noise()

    def colours(self) -> list[str]:
        """Return a style for each of the networks that are asked."""
        return [SERIES[place] for place in series_apart([one.model for one in self.shown])]

    # Drawing.

    def seen(self) -> np.ndarray:
        """Return what the networks get, without noise."""
        return self.canvas.seen(centring=self.centring)

    def noisy(self) -> np.ndarray:
        """Return what the networks get."""
        return infused(self.seen(), self.noise, self.strength)

    def drew(self) -> None:
        """Note that the drawing is no longer a test image."""
        self.untouched = False

    @property
    def label(self) -> int | None:
        """The true class of what is on the canvas, where that is known."""
        if self.data is None or self.place is None or not self.untouched:
            return None
        return int(self.data.test.labels[self.place])

    def start_from(self, by: int) -> bool:
        """Put the next test image on the canvas; return False where there is none."""
        assert self.starts is not None
        place = self.starts.after(self.place, by)
        if place is None:
            return False
        self.place, self.untouched = place, True
        self.canvas.put(self.starts.test.images[place])
        return True

    # Noise.

    @property
    def noises_here(self) -> list[Noise]:
        """The noises for these images: those against the networks that are asked come first."""
        asked = {one.run.id for one in self.shown}
        noises = self.noises.get(self.sha256, [])
        return sorted(noises, key=lambda noise: noise.network not in asked)

    def _choose_noise(self) -> None:
        """Keep the noise, or take one for a 3, whatever a 3 is here."""
        there = self.noises_here
        same = [
            noise for noise in there
            if self.noise is not None
            and (noise.run.id, noise.label) == (self.noise.run.id, self.noise.label)
        ]  # fmt: skip
        threes = [noise for noise in there if noise.label == 3]
        self.noise = next(iter(same or threes or there), None)

    def next_noise(self, by: int) -> None:
        """Take another noise, at its own strength where none was to be seen."""
        there = self.noises_here
        if there:
            at = there.index(self.noise) if self.noise in there else -1
            self.noise = there[(at + by) % len(there)] if self.strength else self.noise
            self.strength = self.strength or 1.0

    def set_strength(self, strength: float) -> None:
        """Set the strength, in hundredths."""
        self.strength = round(min(max(strength, 0.0), STRONGEST), 2)

    # Inside.

    @property
    def looked_into(self) -> Trained | None:
        """The network whose maps are shown: the last, unless another is chosen."""
        last = self.shown[-1] if self.shown else None
        return next((one for one in self.shown if one.run.path == self.inside), last)

    def look_into_next(self) -> None:
        """Look into the next of the networks that are asked."""
        if (trained := self.looked_into) is not None:
            after = self.shown.index(trained) + 1
            self.inside = self.shown[after % len(self.shown)].run.path

    @property
    def layer(self) -> Layer | None:
        """The layer whose maps are shown: the last that has places, unless another was chosen."""
        trained = self.looked_into
        if trained is None:
            return None
        layers = trained.layout.layers
        chosen = [one for one in layers if one.name == self.layers.get(trained.model)]
        spatial = [one for one in layers if one.spatial and max(one.shape[1:]) > 1]
        return (chosen or spatial[-1:] or list(layers[-1:]))[0]

    @property
    def looks_at(self) -> tuple[Path, str] | None:
        """The run and the layer whose maps are shown."""
        trained, layer = self.looked_into, self.layer
        return None if trained is None or layer is None else (trained.run.path, layer.name)

    def next_layer(self, by: int) -> None:
        """Show another layer of that network."""
        trained, layer = self.looked_into, self.layer
        if trained is not None and layer is not None:
            layers = trained.layout.layers
            chosen = layers[(layers.index(layer) + by) % len(layers)]
            self.layers[trained.model] = chosen.name

    # Asking.

    def question(self, since: float, *, inside: bool) -> Question:
        """Return what to ask now."""
        trained, layer = self.looked_into, self.layer
        maps = (trained, layer.name) if inside and trained and layer else None
        return Question(self.noisy().copy(), list(self.shown), maps, since)
