"""The atlas' figures: success against the budget by target, and transfer between networks."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from engine.figures.style import (
    GREY,
    INK,
    NETWORKS,
    chart,
    legend,
    new_figure,
    percent_axis,
    save,
)
from engine.networks.colours import series_apart
from engine.sweeps.atlas.atlas import Atlas, budget_in_words, shown_budget

HALO = withStroke(linewidth=1.5, foreground="white")  # of what stands on lines
TARGET = 0.45  # alpha of the lines of single targets
LEGIBLE = 0.035  # of the axis between the numbers of two targets


def draw_atlas(atlas: Atlas, folder: Path, words: str) -> Iterator[Path]:
    """Draw the figures into ``folder`` and yield the path of each; ``words`` stand under a title.

    Raises what ``engine.figures.style.save`` does.
    """
    yield _success(atlas, folder, words)
    if any(one.transfer for one in atlas.noises):
        yield _transfer(atlas, folder, words)


def _success(atlas: Atlas, folder: Path, words: str) -> Path:
    networks = atlas.networks
    figure, axes = new_figure(
        max(4.2 * len(networks), 5.2), 4.2, "Success of universal noise by its budget",
        f"{words}  ·  thin: single targets; thick: their mean; shaded: 95 % over the seeds",
        columns=len(networks),
    )  # fmt: skip
    colours = [NETWORKS[number] for number in series_apart(networks)]
    for place, network, colour in zip(axes[0], networks, colours, strict=True):
        _network(place, atlas, network, colour)
        if place is not axes[0, 0]:
            place.set_ylabel("")
    return save(figure, folder, "success_by_budget")


def _network(place: Axes, atlas: Atlas, network: str, colour: str) -> None:
    """Draw a network's curves; a budget that there is none of stands at the right end."""
    points = atlas.curve(network)
    chart(place, "budget ε (L∞)", "success")
    places = np.arange(len(points))
    place.set_xticks(places, [budget_in_words(point.epsilon) for point in points])
    percent_axis(place)
    place.set_ylim(-0.02, 1.02)
    place.set_title(network, fontsize=10, color=INK)
    targets = sorted({target for point in points for target in point.targets})
    rates = np.array([
        [point.targets[target].mean if target in point.targets else np.nan for point in points]
        for target in targets
    ])  # fmt: skip
    # Targets are named where their lines lie most apart.
    gaps = np.diff(np.sort(rates, axis=0), axis=0)
    named = int(np.argmax(np.minimum(np.nan_to_num(gaps), LEGIBLE).sum(axis=0)))
    heights = _spread_out(rates[:, named], LEGIBLE)
    for target, line, height in zip(targets, rates, heights, strict=True):
        spreads = [point.targets.get(target) for point in points]
        least = [np.nan if one is None else max(one.low, 0.0) for one in spreads]
        most = [np.nan if one is None else min(one.high, 1.0) for one in spreads]
        place.fill_between(places, least, most, color=GREY, alpha=0.035, linewidth=0)
        place.plot(places, line, color=GREY, linewidth=0.8, alpha=TARGET)
        place.annotate(str(target), (places[named], height), fontsize=6, color=GREY,
                       xytext=(-7, 0), textcoords="offset points", va="center", zorder=5,
                       path_effects=[HALO])  # fmt: skip
    means = np.array([point.success.mean for point in points])
    low = np.array([point.success.low for point in points])
    high = np.array([point.success.high for point in points])
    place.fill_between(places, np.clip(low, 0, 1), np.clip(high, 0, 1), color=colour, alpha=0.2,
                       linewidth=0)  # fmt: skip
    seeds = max(point.success.n for point in points)
    of = f"{len(targets)} targets, {seeds} seed{'s' if seeds > 1 else ''}"
    place.plot(places, means, color=colour, linewidth=2.2, marker="o", markersize=4,
               label=f"mean of {of}")  # fmt: skip
    legend(place, loc="lower right")


def _spread_out(heights: np.ndarray, least: float) -> np.ndarray:
    """Return heights [N] that are at least so far apart, in the same order, near those given."""
    order = np.argsort(heights, kind="stable")
    steps = least * np.arange(len(order))
    rising = np.maximum.accumulate(heights[order] - steps) + steps  # each pushed up by those below
    falling = (np.minimum.accumulate((heights[order] - steps)[::-1])[::-1]) + steps  # or down
    spread = np.empty_like(heights)
    spread[order] = (rising + falling) / 2
    return spread


def _transfer(atlas: Atlas, folder: Path, words: str) -> Path:
    epsilon = shown_budget(atlas.budgets)
    found = atlas.transfer(epsilon)
    sources = atlas.networks
    onto = list(dict.fromkeys([*sources, *(other for _, other in found)]))
    table = np.array([
        [found[s, o].mean if (s, o) in found else np.nan for o in onto] for s in sources
    ])  # fmt: skip
    figure, axes = new_figure(
        2.6 + 1.3 * len(onto), 1.9 + 0.8 * len(sources),
        f"Transfer at ε {budget_in_words(epsilon)}", f"{words}  ·  mean over targets and seeds",
    )  # fmt: skip
    [[place]] = axes
    place.imshow(table, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    place.set_xticks(range(len(onto)), onto, fontsize=8)
    place.set_yticks(range(len(sources)), sources, fontsize=8)
    place.set_xlabel("tested on", fontsize=9, color=INK)
    place.set_ylabel("made for", fontsize=9, color=INK)
    place.tick_params(length=0)
    place.spines[:].set_visible(False)
    for row, column in np.argwhere(np.isfinite(table)):
        share = table[row, column]
        place.text(column, row, f"{share:.0%}", ha="center", va="center", fontsize=9,
                   color="white" if share > 0.55 else INK)  # fmt: skip
    return save(figure, folder, "transfer")
