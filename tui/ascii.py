"""ASCII stand-ins, cell for cell, for characters that the terminal's locale cannot encode."""

import codecs

ERRORS = "mnist-tui-ascii"
_STANDS_FOR = {
    **dict.fromkeys("╭╮╰╯┌┐└┘┏┓┗┛┤├┬┴┼▪●◐◌■□", "+"),
    **dict.fromkeys("─━┄╌▁▂▔–—·", "-"),
    **dict.fromkeys("│┃┆╎▎▏▕▊", "|"),
    **dict.fromkeys("█▇▆▅▄▃▀▌▐▍", "#"),
    **dict.fromkeys("→›▸▶", ">"),
    **dict.fromkeys("←‹◂◀", "<"),
    **dict.fromkeys("↑▲", "^"),
    **dict.fromkeys("↓▼", "v"),
    **dict.fromkeys("✗×", "x"),
    "…": ".", "ε": "e", "λ": "l", "±": "~", "∞": "8", "≈": "~",
}  # fmt: skip


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return "".join(_STANDS_FOR.get(character, "?") for character in wrong), error.end


codecs.register_error(ERRORS, _replace)
