"""The two ways to go wrong that a user can mend, each with its exit code."""


class MnistTuiError(Exception):
    """One clear line for the user: what is wrong and what to do about it."""

    exit_code = 1


class Unsound(ValueError):
    """Foreign values are not what they must be; whoever reads the file they are from names it."""


class UsageError(MnistTuiError):
    """What was asked for is wrong by itself: an unknown name, a number out of range."""

    exit_code = 2


class EngineError(MnistTuiError):
    """The machine, the data or the artifacts do not allow what was asked for."""


class MissingNetwork(EngineError):
    """The run is not there any more whose network another run looks at or tests its noise on."""
