"""The app's colours: CSS variables made from the theme, legible in every theme.

A style names them as in CSS, ``Text("2 queued", "bold $waiting")``, so that what is on the screen
follows the theme without being drawn again.
"""

from collections.abc import Mapping
from functools import cache

from textual.color import Color
from textual.theme import Theme

from engine.networks.colours import series_of

# The least contrast (WCAG) with every background: of text, of curves and bars, of borders.
TEXT, LINE, EDGE = 4.5, 3.0, 1.5
ROW = 1.3  # of the background of the row under the cursor, with that of dialogs

# Both sets were found by a search: as distinct as can be, for the colour-blind too. What is good or
# bad says so in words as well.
GOOD, BAD, WAITING, MARKED = "#40B0A0", "#E03050", "#E69F00", "#C060D0"
SERIES_ON_DARK = (
    "#99B1FB", "#FFC300", "#2DFF96", "#D0A7CD", "#F9FB70", "#69CA54", "#AABA95", "#A7FFD3",
    "#D9F2FF",
)  # fmt: skip
SERIES_ON_LIGHT = (
    "#060AF3", "#686000", "#03694B", "#9E3386", "#5C1002", "#001767", "#8C1EBE", "#4E2043",
    "#050000",
)  # fmt: skip
SERIES = tuple(f"$series-{number}" for number in range(1, 1 + len(SERIES_ON_DARK)))
BANDS = tuple(f"$band-{number}" for number in range(1, 1 + len(SERIES_ON_DARK)))
FAINT = 0.5  # how far a band's colour is from that of its series to the background


def style_of(model: str) -> str:
    """Return the style of a network, whatever is drawn of it."""
    return SERIES[series_of(model)]


def contrast(one: Color, other: Color) -> float:
    """Return the contrast of two opaque colours, from 1 to 21 (WCAG 2)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


@cache
def _luminance(colour: Color) -> float:
    channels = [_linear(part) for part in colour.normalized]
    return sum(a * b for a, b in zip((0.2126, 0.7152, 0.0722), channels, strict=True))


def ink_on(background: Color) -> str:
    """Return black or white, whichever is more legible; the contrast is at least 4.58."""
    return max("black", "white", key=lambda name: contrast(Color.parse(name), background))


@cache
def legible(colour: Color, backgrounds: tuple[Color, ...], least: float, *, dark: bool) -> Color:
    """Return the colour nearest to ``colour`` that has a contrast with all the backgrounds.

    It is lightened on dark backgrounds and darkened on light ones: first in its own hue, then
    towards white or black.
    """
    end = Color.parse("white" if dark else "black")

    def shifted(amount: float) -> Color:
        hue = colour.lighten(min(amount, 1)) if dark else colour.darken(min(amount, 1))
        return hue.clamped.blend(end, max(amount - 1, 0))

    def enough(candidate: Color) -> bool:
        return all(contrast(candidate, background) >= least for background in backgrounds)

    if enough(colour):
        return colour
    low, high = 0.0, 2.0
    for _ in range(10):
        middle = (low + high) / 2
        low, high = (low, middle) if enough(shifted(middle)) else (middle, high)
    return shifted(high)


def variables(theme: Theme, generated: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of ours, and those of Textual that are not legible as they are.

    ``generated`` are Textual's for this theme. An ANSI theme has the terminal's own colours, about
    which nothing is known.
    """
    return _of_terminal() if theme.ansi else _of_theme(theme.dark, tuple(generated.items()))


def _of_terminal() -> dict[str, str]:
    series = ("cyan", "yellow", "green", "magenta", "blue", "red", "bright_cyan", "bright_yellow",
              "bright_magenta")  # fmt: skip
    return {
        **{name[1:]: f"ansi_{colour}" for name, colour in zip(SERIES, series, strict=True)},
        **{name[1:]: "ansi_bright_black" for name in BANDS},
        "good": "ansi_green", "bad": "ansi_red", "waiting": "ansi_yellow", "key": "ansi_yellow",
        "marked": "ansi_magenta", "faint": "ansi_bright_black", "edge": "ansi_bright_black",
        "focus": "ansi_magenta", "row": "ansi_bright_black",
    }  # fmt: skip


@cache
def _of_theme(dark: bool, generated: tuple[tuple[str, str], ...]) -> dict[str, str]:
    theirs = dict(generated)
    background, surface, foreground, primary, accent = (
        Color.parse(theirs[name]).with_alpha(1)
        for name in ("background", "surface", "foreground", "primary", "accent")
    )
    row = _row(surface, primary, foreground)
    panels = background, surface  # nothing else has text on it, but for rows under a cursor

    def made(
        colour: Color | str, least: float = TEXT, on: tuple[Color, ...] = (*panels, row)
    ) -> str:
        return legible(Color.parse(colour), on, least, dark=dark).hex

    muted = foreground.blend(background, 0.35)
    edge = made(background.blend(foreground, 0.2), EDGE, on=panels)
    series = SERIES_ON_DARK if dark else SERIES_ON_LIGHT
    ours = {
        **{
            name[1:]: made(colour, on=panels)
            for name, colour in zip(SERIES, series, strict=True)
        },
        **{
            name[1:]: made(Color.parse(colour).blend(background, FAINT), LINE, on=panels)
            for name, colour in zip(BANDS, series, strict=True)
        },
        "good": made(GOOD), "bad": made(BAD), "waiting": made(WAITING), "marked": made(MARKED),
        "key": made(WAITING), "focus": made(accent), "row": row.hex,
        "faint": made(muted.blend(background, 0.3), LINE, on=panels), "edge": edge,
    }  # fmt: skip
    return ours | {
        "foreground": made(foreground),
        "text-muted": made(muted),
        "text-disabled": made(muted.blend(background, 0.3), LINE),
        **{
            f"text-{name}": made(theirs[f"text-{name}"])
            for name in ("primary", "secondary", "success", "warning", "error", "accent")
        },
        "block-cursor-background": row.hex,
        "block-cursor-foreground": made(foreground),
        "block-cursor-blurred-background": row.hex,
        "block-cursor-blurred-foreground": made(foreground),
        "border": made(primary, LINE),
        "border-blurred": edge,
        "scrollbar": edge,
        **dict.fromkeys(("scrollbar-hover", "scrollbar-active"), made(primary, LINE)),
        **{f"scrollbar-background{state}": background.hex for state in ("", "-hover", "-active")},
        "scrollbar-corner-color": background.hex,
        "button-foreground": made(foreground),
        "button-color-foreground": ink_on(primary),
        "input-selection-background": row.hex,
        "input-selection-foreground": made(foreground),
        "screen-selection-background": row.hex,
    }


def _row(surface: Color, primary: Color, foreground: Color) -> Color:
    """Return a background that stands out from a dialog's, tinted by the theme."""
    for towards in (primary, foreground):
        for percent in range(2, 60, 2):
            row = surface.blend(towards, percent / 100)
            nearer = abs(_luminance(row) - _luminance(foreground))
            if nearer < abs(_luminance(surface) - _luminance(foreground)) and (
                contrast(row, surface) >= ROW
            ):
                return row
    return surface.blend(foreground, 0.15)
