"""What stands beside the runs of a sweep: its settings ranked, a heat map, curves with bands."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rich.text import Text
from textual.geometry import Size

from engine import sections
from engine.analysis.bands import Band
from engine.analysis.compare import is_share
from engine.analysis.verdicts import Verdict
from engine.files.text import visible
from engine.networks.colours import series_apart
from engine.runs.curves import Curve
from engine.sweeps.curves import told_curves
from engine.sweeps.heat import Heat, heat, options_of, pairs_of, said
from engine.sweeps.outcome import Settled
from engine.sweeps.watch import Seen, Watch
from tui.app.colours import SERIES
from tui.app.heat import Heat as Colours
from tui.app.look import Look
from tui.app.widgets.chart import Chart
from tui.comparison import hanging
from tui.drawing.heat_map import draw_heat
from tui.drawing.plot import Line, Plot
from tui.drawing.sweep_rows import MUTED, ranked, short

MOST_CURVES = 6  # settings, the best
MOST_VERDICTS = 8
Drawn = Sequence[tuple[Settled, Band, int]]  # settings with their mean curve, and how many seeds


def bands_of(watch: Watch, settings: Sequence[Settled], metric: str) -> Drawn:
    """Return the curves of settings, of those that have any."""
    found = watch.bands(settings, metric) if metric else []
    return [
        (one, band, int(band.count.max()))
        for one, band in zip(settings, found, strict=bool(metric))
        if band is not None
    ]


class Panels:
    """Which section, options and curve are looked at, and how they are drawn."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._section, self._metric = 0, 0
        self._pair: tuple[str, str] | None = None  # chosen by the user
        self._heat: tuple[tuple[Any, ...], Heat] | None = None

    # What is looked at.

    def section(self, seen: Seen) -> str:
        """The section that settings, map and curves are of."""
        return seen.sections[self._section % len(seen.sections)]

    def settings(self, seen: Seen | None) -> Sequence[Settled]:
        """Return the settings whose curves are drawn: the best few."""
        if seen is None:
            return ()
        return self._settled(seen)[:MOST_CURVES]

    def _settled(self, seen: Seen) -> list[Settled]:
        section = self.section(seen)
        return [one for one in seen.settled if one.section == section]

    def metric(self, seen: Seen | None) -> str:
        """The curve that is drawn."""
        if seen is None:
            return ""
        names = told_curves(self.section(seen))
        return names[self._metric % len(names)] if names else ""

    def _options(self, seen: Seen) -> dict[str, list[Any]]:
        section = self.section(seen)
        return options_of(s for s in seen.states if s.planned.section == section)

    def pair(self, seen: Seen) -> tuple[str, str] | None:
        """The options of the map: rows, columns."""
        options = self._options(seen)
        if self._pair is not None and set(self._pair) <= options.keys():
            return self._pair
        return next(pairs_of(options), None)

    def turn_option(self, seen: Seen | None, *, rows: bool) -> None:
        """Take the next option for rows or columns; the other one is left out."""
        pair = self.pair(seen) if seen is not None else None
        if seen is None or pair is None:
            return
        mine, other = pair if rows else pair[::-1]
        names = [name for name in self._options(seen) if name != other or name == mine]
        turned = names[(names.index(mine) + 1) % len(names)]
        if turned == mine:  # there are two options: they change places
            turned, other = other, mine
        self._pair = (turned, other) if rows else (other, turned)

    def turn_metric(self, seen: Seen | None) -> None:
        """Draw the next curve."""
        self._metric += 1

    def turn_section(self, seen: Seen | None) -> None:
        """Look at the next section."""
        self._section += 1
        self._metric, self._pair = 0, None

    # How it is drawn.

    def _of_section(self, seen: Seen) -> str:
        return f"{self.section(seen)}: " if len(seen.sections) > 1 else ""

    def settings_title(self, seen: Seen) -> Text:
        """Return the title of the settings."""
        metric = next((one.metric for one in self._settled(seen) if one.metric), "")
        return Text(f"{self._of_section(seen)}{said(metric) or 'results'} by setting")

    def draw_settings(
        self, seen: Seen, verdicts: Mapping[str, Sequence[Verdict]], room: Size
    ) -> Text:
        """Draw the settings, and below them how they compare: ``verdicts`` are by section."""
        found = self._settled(seen)
        lines = ranked(found, room.width, self._colours(found))
        pairs = verdicts.get(self.section(seen), ())
        told = [one for one in pairs if one.test]
        chosen = [*(one for one in told if one.told), *(one for one in told if not one.told)]
        if pairs:
            lines.append(Text())
        for one in chosen[:MOST_VERDICTS]:
            mark = ("✓ ", "bold $good") if one.told else ("· ", MUTED)
            lines += hanging(Text.assemble(mark, visible(one.sentence())), room.width)
        if (more := len(chosen) - MOST_VERDICTS) > 0:
            lines.append(Text(f"and {more} more pairs; the report has all", MUTED))
        for reason, count in Counter(one.reason for one in pairs if not one.test).items():
            words = f"{count} pair{'' if count == 1 else 's'} cannot be compared: {reason}"
            lines += hanging(Text.assemble(("· ", MUTED), visible(words)), room.width)
        if seen.atlas_words and self.section(seen) == "adversarial":
            lines += [Text(), *hanging(Text(visible(seen.atlas_words)), room.width)]
        return Text("\n").join(lines)

    @staticmethod
    def _colours(settings: Sequence[Settled]) -> list[str]:
        """Return the colours that the best settings have in the chart."""
        best = settings[:MOST_CURVES]
        models = [str(one.states[0].planned.config.get("model") or "") for one in best]
        return [SERIES[place] for place in series_apart(models)]

    def map_title(self, seen: Seen) -> Text:
        """Return the title of the map."""
        pair = self.pair(seen)
        return Text(f"{said(pair[0])} by {said(pair[1])}" if pair else "Heat map")

    def draw_map(self, app: Any, seen: Seen, room: Size) -> Text:
        """Draw the heat map."""
        pair = self.pair(seen)
        metric = next((one.metric for one in self._settled(seen) if one.metric), "")
        if pair is None or not metric:
            words = "It takes an option with several values." if metric else "Nothing to map yet."
            return Text(words, f"italic {MUTED}")
        found = self._mapped(seen, metric, pair)
        plain = self._look.uncoloured
        colours = Colours.of(app, "surface", 1.0, colour=not plain)

        def style(share: float) -> str:
            if plain:
                return "bold" if share > 0.75 else ""
            return colours.calm(share)

        highest = 1 if plain else 3
        drawn = draw_heat(found, metric, (room.width, room.height), style, highest=highest)
        if found.others:
            over = " and ".join(map(said, found.others))
            drawn = Text("\n", no_wrap=True).join(
                [drawn, Text(f"means over all values of {over}", MUTED)]
            )
        return drawn

    def _mapped(self, seen: Seen, metric: str, pair: tuple[str, str]) -> Heat:
        key = (seen, metric, pair)
        if self._heat is None or self._heat[0] != key:
            section = self.section(seen)
            states = [s for s in seen.states if s.planned.section == section]
            self._heat = key, heat(states, metric, *pair)
        return self._heat[1]

    def curves_title(self, seen: Seen) -> Text:
        """Return the title of the curves."""
        metric = said(self.metric(seen)) or "curves"
        return Text(f"{metric}  mean, 95 % of the best {len(self.settings(seen))}")

    def draw_curves(self, chart: Chart, seen: Seen, drawn: Drawn) -> None:
        """Draw the mean curves of the best settings, with their intervals."""
        name = self.metric(seen)
        best = self.settings(seen)
        colours = {one.label: style for one, style in zip(best, self._colours(best), strict=True)}
        lines = [
            Line(band.steps, band.mean, colours[one.label], short(one), _around(band, seeds))
            for one, band, seeds in drawn
            if one.label in colours
        ]
        share = name in sections.find(self.section(seen)).shares or is_share(name)
        log = self._look.logarithm and "loss" in name
        chart.plot = Plot(
            lines, log=log, share=share, high=1.0 if share else None, plain=self._look.plain
        )


def _around(band: Band, seeds: int) -> tuple[Curve, ...]:
    """Return the edges of a band, where there are enough seeds for one."""
    known = np.isfinite(band.margin)
    if seeds < 3 or not known.any():
        return ()
    steps = band.steps[known]
    return Curve(steps, band.low[known]), Curve(steps, band.high[known])
