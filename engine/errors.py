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


class MissingNetwork(EngineError):
    """The run is gone whose network another run looks at or tests its noise on."""
