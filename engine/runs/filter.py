"""What a list of runs is filtered by: words, and fields with values.

``baseline`` is a word that a run must contain anywhere, ``model:base`` one that its network's name
must contain, ``accuracy>97%`` a number to compare with. A ``-`` before any of them turns it
around; quotes keep blanks together and take a word as it is written.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import ge, gt, le, lt

from engine.errors import UsageError
from engine.runs.summary import Summary
from engine.sections.table import dataset_title

Test = Callable[[Summary, float], bool]  # of a run, at a time in seconds since the Unix epoch
TEXTS: dict[str, Callable[[Summary], tuple[str, ...]]] = {
    "section": lambda run: (run.section,),
    "state": lambda run: (run.status,),
    "model": lambda run: (run.model,),
    "dataset": lambda run: (run.dataset, dataset_title(run.dataset)),
    "recipe": lambda run: (run.recipe,),
    "id": lambda run: (run.run,),
}
SHARES = ("accuracy", "success")  # which may be written in percent
TIMES = ("age", "duration")
NUMBERS = (*SHARES, "loss", "epochs", "seed", *TIMES)
FIELDS = (*TEXTS, *NUMBERS)
ALIASES = {"status": "state", "network": "model", "run": "id"}
ORDERS = {">": gt, "<": lt, ">=": ge, "<=": le}
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}

_TERM = re.compile(
    r"(?P<not>-?)(?:(?P<field>[A-Za-z_]+)(?P<sign>>=|<=|[:=<>]))?(?P<rest>.*)", re.DOTALL
)
_TOKEN = re.compile(r'(?:[^\s"]|"[^"]*(?:"|$))+')  # a last quote may be open, as one types
_NUMBER = re.compile(r"(\d{1,15}(?:\.(\d{0,15}))?|\.(\d{1,15}))(%?)", re.ASCII)
_TIME = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)([smhdw]?)", re.ASCII)


class Mistake(UsageError):
    """A part of a filter has no meaning; it says which, and what would have."""


@dataclass(frozen=True, slots=True)
class Filter:
    """``tests`` that a run must pass, all of them; ``mistake`` says what was not understood.

    What was not understood filters nothing.
    """

    tests: tuple[Test, ...] = ()
    mistake: str = ""

    def passes(self, run: Summary, now: float) -> bool:
        """Tell whether a run passes."""
        return all(test(run, now) for test in self.tests)


def words_of(run: Summary) -> str:
    """Return all that a word is looked for in, in small letters."""
    told = (
        run.run, run.section, run.status, run.dataset, run.model, run.recipe, run.seed,
        run.result, run.remark,
    )  # fmt: skip
    return " ".join(told).lower()


def parse(text: str) -> Filter:
    """Return the filter that a text stands for; never raises."""
    tests: list[Test] = []
    mistake = ""
    for token in _TOKEN.findall(text):
        try:
            tests.extend(_tests(token))
        except Mistake as error:
            mistake = mistake or str(error)
    return Filter(tuple(tests), mistake)


def _tests(token: str) -> Iterator[Test]:
    """Yield the test that a token stands for, none where nothing is said yet. Raises Mistake."""
    term = _TERM.fullmatch(token)
    assert term is not None  # its last part takes anything
    value = term["rest"].replace('"', "").lower()
    test = _word(value) if term["field"] is None else _of_field(term["field"], term["sign"], value)
    if not value:  # half typed
        return
    yield (lambda run, now: not test(run, now)) if term["not"] else test


def _word(word: str) -> Test:
    return lambda run, now: word in words_of(run)


def _of_field(name: str, sign: str, value: str) -> Test:
    """Return the test of a field. Raises Mistake."""
    field = ALIASES.get(name.lower(), name.lower())
    if field in TEXTS:
        return _text(field, name, sign, value)
    if field not in NUMBERS:
        raise Mistake(f"There is no field {name!r}; fields are {', '.join(FIELDS)}.")
    if not value:
        raise Mistake(f"{name}{sign} takes {_example(field)}.")
    wanted, near = _time(name, value) if field in TIMES else _number(field, name, value)
    number = _NUMBER_OF[field]
    if sign in ORDERS:
        holds = ORDERS[sign]

        def compare(run: Summary, now: float) -> bool:
            found = number(run, now)
            return found is not None and holds(found, wanted)

        return compare

    def equals(run: Summary, now: float) -> bool:
        found = number(run, now)
        return found is not None and abs(found - wanted) <= near

    return equals


def _text(field: str, name: str, sign: str, value: str) -> Test:
    texts = TEXTS[field]
    if sign == ":":
        return lambda run, now: any(value in text.lower() for text in texts(run))
    if sign == "=":
        return lambda run, now: value in [text.lower() for text in texts(run)]
    raise Mistake(f"{name} is text: write {name}:WORD or {name}=WORD.")


def _number(field: str, name: str, value: str) -> tuple[float, float]:
    """Return a number and how far off counts as equal: what is shown is rounded likewise."""
    found = _NUMBER.fullmatch(value)
    if found is None:
        raise Mistake(f"{name} takes {_example(field)}, not {value!r}.")
    digits = len(found[2] or found[3] or "")
    number, near = float(found[1]), 0.5 * 10.0**-digits if digits else 0.0
    # A share above 1 can only be meant in percent.
    if found[4] or (field in SHARES and number > 1):
        number, near = number / 100, (near or 0.5) / 100
    return number, near + 1e-12


def _time(name: str, value: str) -> tuple[float, float]:
    """Return seconds, and how far off counts as equal: half of the smallest unit."""
    parts = _TIME.findall(value)
    if not parts or "".join(number + unit for number, unit in parts) != value:
        raise Mistake(f"{name} takes {_example(name)}, not {value!r}.")
    units = [SECONDS[unit or "s"] for _, unit in parts]
    total = sum(float(number) * unit for (number, _), unit in zip(parts, units, strict=True))
    return total, min(units) / 2


def _example(field: str) -> str:
    if field in SHARES:
        return "a number such as 0.97 or 97%"
    return "a number" if field not in TIMES else "a time such as 30s, 5m, 2h, 3d or 1h30m"


def age(run: Summary, now: float) -> float | None:
    """Return for how many seconds a run has been there, None where that is not known."""
    begun = _seconds(run.started_at)
    return None if begun is None else max(now - begun, 0.0)


def duration(run: Summary, now: float) -> float | None:
    """Return how many seconds a run took, or has taken so far; None where that is not known."""
    if run.seconds is not None:
        return run.seconds
    begun, ended = _seconds(run.started_at), _seconds(run.finished_at)
    if ended is None and run.status == "running":
        ended = now
    return None if begun is None or ended is None else max(ended - begun, 0.0)


def _seconds(moment: str | None) -> float | None:
    """Return a moment of run.json in seconds since the Unix epoch."""
    try:
        return None if moment is None else datetime.fromisoformat(moment).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _seed(run: Summary, now: float) -> float | None:
    return float(run.seed) if run.seed.isdecimal() else None


def _measured(name: str) -> Callable[[Summary, float], float | None]:
    return lambda run, now: run.measured.get(name)


_NUMBER_OF: dict[str, Callable[[Summary, float], float | None]] = {
    **{name: _measured(name) for name in (*SHARES, "loss")},
    "epochs": lambda run, now: run.epochs,
    "seed": _seed,
    "age": age,
    "duration": duration,
}


def filtered(runs: list[Summary], text: str) -> list[Summary]:
    """Return the runs that pass a filter. Raises UsageError where it has a mistake."""
    found, now = parse(text), time.time()
    if found.mistake:
        raise UsageError(found.mistake)
    return [run for run in runs if found.passes(run, now)]
