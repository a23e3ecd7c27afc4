"""What a run of adversarial noise is asked to do (course report, section 2)."""

from dataclasses import dataclass
from typing import Any, ClassVar

from engine.config import resolved
from engine.errors import UsageError
from engine.files.values import MOST_CLASSES
from engine.networks.architectures import CLASSES
from engine.options import option, several, unasked
from engine.sections.trained import (
    NetworkConfig,
    ResolvedNetworkConfig,
    most_classes,
    numbers_below,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class AdversarialConfig(NetworkConfig):
    """One universal noise image per target label, as asked."""

    section: ClassVar[str] = "adversarial"

    labels: tuple[int, ...] | None = several(
        "label",
        None,
        "Number of a target label",
        low=0,
        high=MOST_CLASSES - 1,
        offered=tuple(map(str, range(CLASSES))),
    )
    epsilon: float | None = option(
        None,
        "L∞ budget: largest absolute value of any noise pixel; unlimited by default.",
        low=0,
        high=1,
    )
    batch_size: int | None = unasked(low=1)

    def __post_init__(self) -> None:
        NetworkConfig.__post_init__(self)
        if self.labels is None:
            return
        if not self.labels:
            raise UsageError("--label must be given at least once, or not at all for every label.")
        labels = numbers_below(most_classes(self), "--label", self.labels)
        object.__setattr__(self, "labels", labels)

    @property
    def chosen(self) -> str:
        """The target labels, in words."""
        if self.labels is None or len(self.labels) == self.classes:
            return "all targets"
        return f"target {', '.join(map(str, self.labels))}"

    @property
    def defaults(self) -> dict[str, Any]:
        """The recipe's values."""
        return {"steps": 100, "batch_size": 128, "labels": tuple(range(most_classes(self)))}

    def resolve(self, **found: Any) -> "ResolvedAdversarialConfig":
        """Return the config with nothing left open."""
        return resolved(ResolvedAdversarialConfig, self, found)


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolvedAdversarialConfig(ResolvedNetworkConfig, AdversarialConfig):
    """One universal noise image per target label, with nothing left open."""

    batch_size: int
    labels: tuple[int, ...]
