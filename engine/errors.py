"""Errors that a user can do something about, each with its exit code."""

import re


class MnistTuiError(Exception):
    """One clear line for the user: what is wrong and what to do about it."""

    exit_code = 1


class Unsound(ValueError):
    """Values read from a file are invalid; the caller, who knows the file, names it."""


_MEMORY_IS_SHORT = (  # what torch and its libraries say, in plain RuntimeErrors too
    "out of memory", "not enough memory", "an't allocate memory", "annot allocate memory",
    "STATUS_ALLOC_FAILED",
)  # fmt: skip


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether memory was short, the machine's or a GPU's."""
    if not isinstance(error, RuntimeError):
        return isinstance(error, MemoryError)
    return any(words in str(error) for words in _MEMORY_IS_SHORT)


def memory_words(error: BaseException, device: str = "") -> str:
    """Return in a few words that memory was short, and for how much more."""
    where = f" on {device}" if device.startswith("cuda") else ""
    lacking = re.search(r"(?:tried|nable) to allocate (\d+(?:\.\d+)?) ?(\w+)", str(error), re.I)
    if not lacking:
        return f"Not enough memory{where}."
    amount, unit = lacking.groups()
    if unit == "bytes":
        amount, unit = f"{float(amount) / 2**30:.1f}", "GiB"
    return f"Not enough memory{where} for {amount} {unit} more."


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
