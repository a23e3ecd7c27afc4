"""``python -m tui.cli``: the command line where it is not installed."""

from tui.cli.start import main

if __name__ == "__main__":  # the workers of a sweep import the module that their driver began with
    main()
