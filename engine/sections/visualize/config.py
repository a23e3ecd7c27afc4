"""What a run of gradient ascent is asked to do (course report, section 3)."""

from dataclasses import dataclass
from typing import Any, ClassVar

from engine.config import resolved
from engine.errors import EngineError
from engine.networks.architectures import ARCHITECTURES, LAYERS, NEURONS, Neuron
from engine.options import several
from engine.sections.trained import NetworkConfig, ResolvedNetworkConfig, numbers_below


@dataclass(frozen=True, kw_only=True, slots=True)
class VisualizeConfig(NetworkConfig):
    """Images that excite single neurons, as asked; None stands for all."""

    section: ClassVar[str] = "visualize"

    layers: tuple[str, ...] | None = several(
        "layer", None, f"Layer ({', '.join(LAYERS)})", choices=LAYERS
    )
    neurons: tuple[int, ...] | None = several("neuron", None, "Neuron of each chosen layer")

    def __post_init__(self) -> None:
        NetworkConfig.__post_init__(self)
        if self.layers is not None:
            object.__setattr__(self, "layers", tuple(dict.fromkeys(self.layers)))
        if self.neurons is not None:
            neurons = tuple(dict.fromkeys(self.neurons))
            for layer in self.layers or LAYERS:
                numbers_below(NEURONS[layer], f"--neuron of {layer}", neurons)
            object.__setattr__(self, "neurons", neurons)

    @property
    def chosen(self) -> str:
        """The layers and neurons, in words."""
        names = ", ".join(self.layers or ("all layers",))
        return f"{names} {', '.join(map(str, self.neurons))}" if self.neurons else names

    @property
    def defaults(self) -> dict[str, Any]:
        """The recipe's values, and the layers that the network has."""
        has = ARCHITECTURES[self.title].layers
        return {"steps": 100, "layers": tuple(layer for layer in LAYERS if layer in has)}

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

        Raises EngineError where a layer was chosen that the network lacks.
        """
        has = ARCHITECTURES[self.model].layers
        for layer in self.layers:
            if layer not in has:
                raise EngineError(f"{self.model} has no {layer}; its layers are {', '.join(has)}.")
        return [
            Neuron(layer, index)
            for layer in self.layers
            for index in (self.neurons or range(NEURONS[layer]))
        ]
