"""Where an axis has ticks and what they say: 1, 2 or 5 times a power of ten."""

import math
from dataclasses import dataclass

MANTISSAS = (1, 2, 5)
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
SMALLEST, LARGEST = -4, 7  # powers of ten that are written out
NEAR = 1e-9  # of a step: what rounding may have moved
WHOLE = 0.99995  # shares from here on are 100.0%
PER_DECADE = 6  # lines, from which on there is room for 2 and 5 between powers of ten


@dataclass(frozen=True, slots=True)
class Tick:
    """A value on an axis, its logarithm where the axis is logarithmic, and its label."""

    place: float
    label: str


def linear_ticks(
    low: float, high: float, most: int, *, share: bool = False, plain: bool = False
) -> list[Tick]:
    """Return two to ``most`` ticks within an axis, or one where no more fit; in percent if asked.

    ``plain`` writes powers of ten without raised digits.
    """
    scale = 100 if share else 1
    low, high = low * scale, high * scale
    power, mantissa, numbers = _multiples(low, high, most)
    step = mantissa * 10.0**power
    largest = max(abs(low), abs(high))
    digits = math.floor(math.log10(largest)) - power if largest > 0 else 0
    written = power >= SMALLEST and largest < 10**LARGEST
    ticks = []
    for number in numbers:
        value = number * step
        label = f"{value:,.{max(0, -power)}f}" if written else scientific(value, digits, plain)
        ticks.append(Tick(value / scale, f"{label}%" if share else label))
    return ticks


def _multiples(low: float, high: float, most: int) -> tuple[int, int, list[int]]:
    """Return the finest step, as power and mantissa, with few enough multiples, and those."""
    span = high - low
    power = math.floor(math.log10(span / max(most, 1))) - 1
    before: tuple[int, int, list[int]] | None = None
    while True:
        for mantissa in MANTISSAS:
            step = mantissa * 10.0**power
            first, last = math.ceil(low / step - NEAR), math.floor(high / step + NEAR)
            if last - first < most:
                numbers = list(range(first, last + 1))
                if len(numbers) < 2 and before is not None and most > 1:
                    power, mantissa, numbers = before
                    numbers = [numbers[0], numbers[-1]]
                return power, mantissa, numbers
            before = power, mantissa, [first, last]
        power += 1


def log_ticks(low: float, high: float, lines: int, *, plain: bool = False) -> list[Tick]:
    """Return the ticks of a logarithmic axis, the most important first; the ends are logarithms.

    Two powers of ten or more are written as such, with 2 and 5 between where there is room;
    otherwise the numbers are written out.
    """
    powers = range(math.ceil(low - NEAR), math.floor(high + NEAR) + 1)
    if len(powers) >= 2:
        shown, most = list(powers), max(2, lines // 2)
        if len(shown) > most:
            power, mantissa, numbers = _multiples(low, high, most)
            shown = [number * mantissa * 10**power for number in numbers]
        ticks = [Tick(power, power_of_ten(power, plain)) for power in shown]
        if lines / (high - low) >= PER_DECADE:
            ticks += [
                Tick(place, _written(mantissa * 10.0**power, plain))
                for power in range(powers[0] - 1, powers[-1] + 1)
                for mantissa in (2, 5)
                if low <= (place := power + math.log10(mantissa)) <= high
            ]
        return ticks
    values = [
        mantissa * 10.0**power
        for power in range(math.floor(low), math.floor(high) + 1)
        for mantissa in MANTISSAS
        if low - NEAR <= power + math.log10(mantissa) <= high + NEAR
    ]
    if len(values) < max(2, min(4, lines // 6)):  # little of a decade
        ticks = linear_ticks(10.0**low, 10.0**high, max(2, lines // 3), plain=plain)
        return [Tick(math.log10(tick.place), tick.label) for tick in ticks if tick.place > 0]
    return [Tick(math.log10(value), _written(value, plain)) for value in values]


def _written(value: float, plain: bool) -> str:
    power = math.floor(math.log10(value) + NEAR)
    if not SMALLEST < power < LARGEST:
        return scientific(value, 0, plain)
    return f"{value:,.0f}" if value >= 1 else f"{value:.{-power}f}"


def power_of_ten(power: int, plain: bool) -> str:
    """Return a power of ten: ``10⁻²``, or ``1e-2``."""
    return f"1e{power}" if plain else f"10{str(power).translate(SUPERSCRIPTS)}"


def scientific(value: float, digits: int, plain: bool) -> str:
    """Return a number with so many digits behind the point: ``2.5·10⁻⁷``, or ``2.5e-7``."""
    if value == 0:
        return "0"
    mantissa, power = f"{value:.{min(max(digits, 0), 4)}e}".split("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(power)}" if plain else f"{mantissa}·{power_of_ten(int(power), plain)}"


def short(value: float, *, share: bool = False, plain: bool = False) -> str:
    """Return a value with three or four digits; a dash where it is not finite."""
    if not math.isfinite(value):
        return "-" if plain else "–"
    if share:
        return f"{value:.2%}" if abs(value) < WHOLE else f"{value:.1%}"
    size = abs(value)
    if size and not 1e-3 <= size < 10**LARGEST:
        return scientific(value, 1, plain)
    return f"{value:,.0f}" if size >= 1000 else f"{value:.{3 if size < 10 else 1}f}"
