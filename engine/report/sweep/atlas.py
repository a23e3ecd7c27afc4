"""The robustness atlas in the report of a sweep: its figures, and words for who cannot see them."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.report.page import Picture, embedded, whole_png
from engine.sweeps.atlas.atlas import (
    Atlas,
    atlas_of,
    budget_in_words,
    doubling_in_words,
    shown_budget,
)
from engine.sweeps.atlas.figures import draw_atlas
from engine.sweeps.states import RunState


@dataclass(frozen=True, slots=True)
class Shown:
    """The atlas, ready to be shown: what twice the steps changed, and its figures."""

    words: str
    pictures: list[Picture]


def atlas_shown(states: Sequence[RunState]) -> Shown | None:
    """Return the atlas that a sweep's runs make, None where they make none."""
    atlas = atlas_of(states)
    if atlas is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        paths = list(draw_atlas(atlas, Path(folder) / "figures", f"{atlas.steps} steps"))
        texts = [_success(atlas), _transfer(atlas)]
        pictures = [
            embedded(whole_png(path), words) for path, words in zip(paths, texts, strict=False)
        ]
    return Shown(doubling_in_words(atlas.doubled()), pictures)


def _success(atlas: Atlas) -> str:
    told = []
    for network in atlas.networks:
        each = ", ".join(
            f"{point.success.mean:.0%} at {budget_in_words(point.epsilon)}"
            for point in atlas.curve(network)
        )
        told.append(f"{network}: {each}")
    return f"Charts of success by budget, the mean over targets and seeds. {'; '.join(told)}."


def _transfer(atlas: Atlas) -> str:
    epsilon = shown_budget(atlas.budgets)
    told = ", ".join(
        f"made for {source}, tested on {other}: {success.mean:.0%}"
        for (source, other), success in atlas.transfer(epsilon).items()
        if source != other
    )
    return f"Map of transfer between networks at ε {budget_in_words(epsilon)}: {told}."
