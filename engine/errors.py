"""Errors that a user can do something about, each with its exit code."""


class MnistTuiError(Exception):
    """One clear line for the user: what is wrong and what to do about it."""

    exit_code = 1


class Unsound(ValueError):
    """Values read from a file are invalid; the caller, who knows the file, names it."""


class UsageError(MnistTuiError):
    """The request itself is wrong: an unknown name, a number out of range."""

    exit_code = 2


class EngineError(MnistTuiError):
    """The machine, the data or the artifacts do not allow the request."""


class Uncheckable(EngineError):
    """What it takes to check a run is not here, or may not be used."""

    @property
    def unchecked(self) -> str:
        """What is said of a check that was not made for it."""
        return f"cannot be checked: {self}"


class MissingNetwork(Uncheckable):
    """The run is gone whose network another run looks at or tests its noise on."""


class Untrusted(Uncheckable):
    """A file of code that was not run on this machine before, and was not asked for now."""

    @property
    def unchecked(self) -> str:
        """What is said of a check that was not made for it."""
        return "not checked (needs --trust)"
