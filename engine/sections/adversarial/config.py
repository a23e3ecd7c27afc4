"""What a run of adversarial noise is asked to do (course report, section 2)."""

from dataclasses import dataclass
from typing import Any, ClassVar

from engine.config import resolved
from engine.errors import UsageError
from engine.networks.architectures import CLASSES
from engine.options import option, several, unasked
from engine.sections.trained import NetworkConfig, ResolvedNetworkConfig, numbers_below


@dataclass(frozen=True, kw_only=True, slots=True)
class AdversarialConfig(NetworkConfig):
    """One universal noise image per target label, as asked."""

    section: ClassVar[str] = "adversarial"

    labels: tuple[int, ...] = several(
        "label", tuple(range(CLASSES)), f"Target label, 0 to {CLASSES - 1}"
    )
    epsilon: float | None = option(
        None, "L∞ budget: no pixel of a noise is further from zero; none by default.", low=0, high=1
    )
    batch_size: int | None = unasked(low=1)

    def __post_init__(self) -> None:
        NetworkConfig.__post_init__(self)
        if not self.labels:
            raise UsageError("--label must be given at least once, or not at all for every label.")
        object.__setattr__(self, "labels", numbers_below(CLASSES, "--label", self.labels))

    @property
    def chosen(self) -> str:
        """The target labels, in words."""
        if len(self.labels) == CLASSES:
            return "all targets"
        return f"target {', '.join(map(str, self.labels))}"

    @property
    def defaults(self) -> dict[str, Any]:
        """The recipe's values."""
        return {"steps": 100, "batch_size": 128}

    def resolve(self, **found: Any) -> "ResolvedAdversarialConfig":
        """Return the config with nothing left open."""
        return resolved(ResolvedAdversarialConfig, self, found)


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolvedAdversarialConfig(ResolvedNetworkConfig, AdversarialConfig):
    """One universal noise image per target label, with nothing left open."""

    batch_size: int
