"""``python -m tui.cli``: the command line where it is not installed."""

from tui.cli.start import main

main()
