"""CSV that programs read unchanged and that runs no formula in a spreadsheet."""

import csv
import io
import re
from collections.abc import Iterable
from typing import Any

from engine.files.text import visible

# What begins so is a formula to Excel or LibreOffice, in whose Japanese versions wide signs count.
_FORMULA = re.compile(r"\s*[=+\-@\t\r＝＋－＠]")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?(inf|nan)")


def csv_text(rows: Iterable[Iterable[Any]]) -> str:
    """Return rows as CSV, a line each, None as an empty cell.

    Text that a spreadsheet would run as a formula has an apostrophe before it, and text holds no
    control characters.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    for row in rows:
        table.writerow([_quoted(cell) if isinstance(cell, str) else cell for cell in row])
    return text.getvalue()


def _quoted(text: str) -> str:
    runs = _FORMULA.match(text) and not _NUMBER.fullmatch(text)
    return ("'" if runs else "") + visible(text)
