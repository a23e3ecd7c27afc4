"""What is said of a run that cannot go on: one line that names what to do about it."""

from engine.errors import EngineError, MnistTuiError, is_out_of_memory, memory_words
from engine.hints import hint
from engine.runs.run import Run


def failure_of(error: Exception, run: Run, device: str, smaller: str) -> tuple[Exception, str]:
    """Return the error to raise for what ended a run, and the line that the run keeps.

    ``device`` is the one asked for, ``smaller`` what makes the section need less memory.
    """
    if isinstance(error, MnistTuiError):
        return error, str(error)
    if isinstance(error, OSError):
        message = (
            f"The files of the run cannot be written ({error.strerror or error}). "
            f"Fix that, then resume with {_resuming(run)}."
        )
        return EngineError(message), message
    if is_out_of_memory(error):
        told = too_large(error, f"then resume with {_resuming(run)}; a new run", device, smaller)
        return told, str(told)
    return error, f"Unexpected {type(error).__name__}: {error}"


def too_large(error: Exception, then: str, device: str, smaller: str) -> EngineError:
    """Return the error to raise where memory is short; ``then`` names what needs less."""
    words, less = memory_words(error, device), f"needs less with {smaller}"
    if device.startswith("cuda"):
        return EngineError(
            f"{words} Free some (nvidia-smi lists who uses it), {then} {less}, or takes "
            "the CPU's with --device cpu."
        )
    return EngineError(f"{words} Close other programs, {then} {less}.")


def of_the_listener(error: Exception, run: Run) -> EngineError:
    """Return the error to raise for one that the listener of a run raised."""
    words = str(error).rstrip(".")
    if not isinstance(error, MnistTuiError):
        words = f"What listened to the run failed ({type(error).__name__}: {words})"
    if run.read_info()["status"] == "finished":
        return EngineError(f"{words}; run {run.id} has finished all the same.")
    return EngineError(f"{words}; run {run.id} was stopped and kept: {_resuming(run)} resumes it.")


def _resuming(run: Run) -> str:
    return hint(run.path.parent, "resume", run.id)
