"""Names and values at the ends of lines, each on a row of its own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

NAMED, VALUED, SIGNED = 0.42, 0.25, 0.33  # of the width, for what stands at the ends: at most
LEAST = 16  # cells that are left for the curves


@dataclass(frozen=True, slots=True)
class End:
    """What stands at the end of a line; ``level`` is where that is, in cells from the top."""

    level: float
    name: str
    value: str
    style: str
    bold: bool = True  # of the lines that matter, not those behind them

    @property
    def row(self) -> int:
        """The row of cells that it belongs to."""
        return int(self.level)

    def words(self, named: bool) -> str:
        """Return the value, with the name where there is room."""
        return f"{self.name} {self.value}".strip() if named else self.value


def room_for(
    ends: Sequence[tuple[str, str]], columns: int, *, signed: bool = False
) -> tuple[int, bool]:
    """Return the cells that ends, names and values, take of so many columns, and if with names.

    The names are left out first, then the values too; later where signs stand for names.
    """
    for named, share in ((True, NAMED), (False, SIGNED if signed else VALUED)):
        words = [f"{name} {value}".strip() if named else value for name, value in ends]
        room = max(map(cell_len, words), default=0) + 1
        if 1 < room <= share * columns and columns - room >= LEAST:
            return room, named
    return 0, False


def spread(ends: Iterable[End], rows: int) -> dict[int, End]:
    """Return ends by row: their own or the nearest that is free, in the order of their lines.

    Where there are more than rows, those of the lines behind are left out.
    """
    ranked = sorted(ends, key=lambda end: not end.bold)[:rows]
    ordered = sorted(ranked, key=lambda end: end.level)
    places: list[int] = []
    for number, end in enumerate(ordered):
        least = places[-1] + 1 if places else 0
        most = rows - (len(ordered) - number)
        places.append(min(max(end.row, least), most))
    # Whoever was pushed down goes back up as far as others allow, half of the way.
    for number in range(len(places) - 1, -1, -1):
        over = places[number] - ordered[number].row
        above = places[number - 1] + 1 if number else 0
        if over > 1:
            places[number] = max(above, places[number] - over // 2)
    return dict(zip(places, ordered, strict=True))
