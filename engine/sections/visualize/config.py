"""What a run of gradient ascent is asked to do (course report, section 3)."""

from dataclasses import dataclass
from typing import Any, ClassVar

from engine.config import resolved
from engine.errors import EngineError, UsageError
from engine.networks.architectures import CHANNELS, EXEMPLARS, LAYERS, SIDE, layout_of
from engine.networks.layout import LOGITS, Neuron, neurons_of
from engine.options import several, short
from engine.sections.trained import (
    NetworkConfig,
    ResolvedNetworkConfig,
    most_classes,
    numbers_below,
)

# Empty pixels around the images of a dataset: what lies there costs a logit's image extra.
MARGINS = {"mnist": 4, "digits": 4}
EXEMPLIFIED = 64  # neurons of a layer
EXEMPLAR_BYTES = 11_000_000  # of their pictures, in all
MOST_NEURONS = 2_000  # of a run


@dataclass(frozen=True, kw_only=True, slots=True)
class VisualizeConfig(NetworkConfig):
    """Images that excite single neurons, as asked; None stands for all."""

    section: ClassVar[str] = "visualize"

    layers: tuple[str, ...] | None = several(
        "layer",
        None,
        f"Layer ({', '.join(LAYERS)}; for another network, see `models show`)",
        offered=LAYERS,
    )
    neurons: tuple[int, ...] | None = several(
        "neuron", None, "Number of a neuron of each chosen layer"
    )

    def __post_init__(self) -> None:
        NetworkConfig.__post_init__(self)
        if self.layers is not None:
            object.__setattr__(self, "layers", tuple(dict.fromkeys(self.layers)))
        if self.neurons is not None:
            object.__setattr__(self, "neurons", tuple(dict.fromkeys(self.neurons)))
        if self.run is None:  # then the network is one of the course report's
            self._check_chosen()

    def _check_chosen(self) -> None:
        for layer in self.layers or LAYERS:
            if layer not in LAYERS:
                raise UsageError(f"--layer must be one of {', '.join(LAYERS)}, not {short(layer)}.")
            neurons = most_classes(self) if layer == LOGITS else CHANNELS
            numbers_below(neurons, f"--neuron of {layer}", self.neurons or ())

    @property
    def chosen(self) -> str:
        """The layers and neurons, in words."""
        names = ", ".join(self.layers or ("all layers",))
        return f"{names} {', '.join(map(str, self.neurons))}" if self.neurons else names

    @property
    def defaults(self) -> dict[str, Any]:
        """The recipe's values, and the layers that are shown of the network."""
        layout = layout_of(self.title, self.side or SIDE, most_classes(self), self.layout)
        return {"steps": 100, "layers": layout.shown}

    def resolve(self, **found: Any) -> "ResolvedVisualizeConfig":
        """Return the config with nothing left open."""
        return resolved(ResolvedVisualizeConfig, self, found)


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolvedVisualizeConfig(ResolvedNetworkConfig, VisualizeConfig):
    """Images that excite single neurons, with nothing left open."""

    layers: tuple[str, ...]

    @property
    def targets(self) -> list[Neuron]:
        """The neurons asked for, layer by layer.

        Raises EngineError where a layer or a neuron was chosen that the network lacks.
        """
        layout, found = self.network, []
        for name in self.layers:
            layer = layout.find(name)
            if layer is None:
                has = ", ".join(layout.names)
                raise EngineError(f"{self.model} has no {name}; its layers are {has}.")
            neurons = neurons_of(layer)
            chosen = self.neurons or range(len(neurons))
            numbers_below(len(neurons), f"--neuron of {name}", chosen)
            found += [neurons[index] for index in chosen]
        if len(found) > MOST_NEURONS:
            raise EngineError(
                f"{', '.join(self.layers)} of {self.model} have {len(found):,} neurons; "
                f"choose at most {MOST_NEURONS:,} of them with --neuron."
            )
        return found

    @property
    def exemplified(self) -> list[int]:
        """The places of the neurons whose strongest test images are kept as pictures.

        The first of each layer: all of them but where a layer has very many. One line of the
        journal holds them.
        """
        pictures = EXEMPLAR_BYTES // (EXEMPLARS * self.side**2)
        most = min(EXEMPLIFIED, max(1, pictures // len(self.layers)))
        places: dict[str, list[int]] = {}
        for place, neuron in enumerate(self.targets):
            places.setdefault(neuron.layer, []).append(place)
        return [place for of_layer in places.values() for place in of_layer[:most]]

    @property
    def margin(self) -> int:
        """How many pixels around an image are empty in the dataset."""
        return MARGINS.get(self.dataset, 0)
