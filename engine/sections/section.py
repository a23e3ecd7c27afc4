"""What a section is to the rest of the engine: one object that says all in which sections differ.

A run of a section is an experiment: a state, and a generator of events that moves it (*making*).
What it made is then judged by ``evaluate``, a second generator, which needs nothing but what lies
in the run's directory, so that verification and the referee judge with it too.

Nothing here imports torch or matplotlib; a section's methods do where they need them.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar

from engine.config import RunConfig
from engine.errors import Unsound
from engine.runs.events import Event
from engine.sections.table import ResultTable, tested_on

if TYPE_CHECKING:
    from engine.data.dataset import Dataset
    from engine.networks.code import Code
    from engine.numerics.device import Device
    from engine.runs.history import History, WholeHistory
    from engine.runs.run import Run

Config = TypeVar("Config", bound=RunConfig)  # resolved
Made = TypeVar("Made")  # what a run makes: a network, noises, images
Made_co = TypeVar("Made_co", covariant=True)
Results = Mapping[str, Any]  # the content of result.json, but for times


class State(Protocol[Made_co]):
    """What an experiment changes as it goes; complete at each Progress event."""

    step: int

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint must hold."""

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Take over what ``state_dict`` returned."""

    def files(self) -> dict[str, bytes]:
        """Return the files that a finished run leaves, by name."""

    def made(self) -> Made_co:
        """Return what ``evaluate`` judges."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment(Generic[Made]):
    """A state and the generator that moves it to the last step."""

    state: State[Made]
    making: Iterator[Event]
    steps: int  # of the whole run
    checkpoint_interval: int = 100  # steps between two checkpoints; those of an epoch, if any


@dataclass(frozen=True, slots=True)
class PreviewRules:
    """What a preview in a journal must hold: how many images, and values as msgspec types."""

    images: int
    needed: Mapping[str, Any] = field(default_factory=dict)
    optional: Mapping[str, Any] = field(default_factory=dict)


def check_model(results: Results, model: str) -> None:
    """Raise Unsound where results are not of that model."""
    if results["model"] != model:
        raise Unsound("model: another one than the config's")


class Verdict(NamedTuple):
    """What the referee found: whether a claim holds, None where nothing is there to check it on."""

    holds: bool | None
    words: str


class Claim(NamedTuple):
    """Something that a reviewer would doubt, and how to check it (None: does not apply)."""

    words: str
    check: Callable[[], Verdict | None]


class Section(ABC, Generic[Config, Made]):
    """One kind of run. ``Config`` is its resolved config, ``Made`` what its runs make."""

    name: ClassVar[str]
    about: ClassVar[str]  # one line for people who have not seen it yet
    everything: ClassVar[str] = "Everything"  # what a run does unless told otherwise
    asked: ClassVar[type[RunConfig]]  # the class of a config as asked
    config: type[Config]
    results: ClassVar[Any]  # the msgspec type of result.json, but for times
    trains: ClassVar[bool] = False  # whether its runs leave networks for others to look at
    needs_network: ClassVar[bool] = False  # whether they look at one: their config has ``run``

    # What a journal of it holds beside what every one does.
    series: ClassVar[tuple[str, ...]] = ()  # measured at every step, in every Progress
    scalars: ClassVar[tuple[str, ...]] = ()  # values that are single numbers
    shares: ClassVar[tuple[str, ...]] = ()  # measurements between 0 and 1
    headline_curve: ClassVar[str] = ""  # the one that a list of runs has room for
    smaller: ClassVar[str] = "fewer steps"  # what makes a run need less memory
    flaw: ClassVar[str] = "to be doubted"  # its caveat in a word or two, for a list of runs
    shown_on: ClassVar[Mapping[str, str]] = {}  # previews that are of no use without another one
    pictured: ClassVar[str] = ""  # the preview that has an image for each row
    no_contest: ClassVar[str] = ""  # why settings are not told apart by what ranks, if they aren't
    decisive: ClassVar[tuple[str, ...]] = ()  # fields of the config that shape the journal
    drawn_from: ClassVar[tuple[str, ...]] = ()  # curves and previews that the figures need

    files: ClassVar[tuple[str, ...]] = ()  # what a finished run leaves, ``State.files`` and answers
    array_file: ClassVar[str | None] = None  # the one of them that holds [rows, 1, H, W]
    # What an image that another device reads otherwise changes by more than its share of the test
    # images: by how much, given how many those are.
    borderline: ClassVar[Mapping[str, Callable[[int], float]]] = {}
    verified: ClassVar[str] = "the results come out again"  # what verification says of them
    comes_out_again: ClassVar[str] = "Results come out again from the files"  # the same, as a claim

    # Making and judging.

    @abstractmethod
    def begin(self, config: Config, data: "Dataset", device: "Device") -> Experiment[Made]:
        """Return the experiment that a config describes; its test images are black.

        Raises MnistTuiError.
        """

    @abstractmethod
    def load(self, config: Config, run: "Run", device: "Device") -> Made:
        """Return what a finished run made, from its files.

        Raises EngineError where one is missing or damaged.
        """

    @abstractmethod
    def evaluate(
        self, config: Config, made: Made, data: "Dataset", device: "Device"
    ) -> Iterator[Event]:
        """Judge what a run made, in float32; ends with Finished. Raises EngineError."""

    def code(self, config: Config, run: "Run") -> "Code | None":
        """Return the file of code that a run keeps for ``begin``, None if it has none.

        Raises EngineError where it is missing or damaged.
        """
        return None

    def experiment(
        self, config: Config, data: "Dataset", device: "Device", code: "Code | None" = None
    ) -> Experiment[Made]:
        """Begin an experiment that cannot have looked at a test image. Raises MnistTuiError."""
        return self.begin_with(code, config, data.without_test(), device)

    def begin_with(
        self, code: "Code | None", config: Config, data: "Dataset", device: "Device"
    ) -> Experiment[Made]:
        """Return the experiment, of a network that the file ``code`` makes, if any."""
        return self.begin(config, data, device)

    def events(
        self, experiment: Experiment[Made], config: Config, data: "Dataset", device: "Device"
    ) -> Generator[Event, None, None]:
        """Yield all that happens in a run: first things are made, then they are judged."""
        yield from experiment.making
        yield from self.evaluate(config, experiment.state.made(), data, device)

    # What its files hold.

    def rows(self, config: Config) -> int:
        """Return how many noises or neurons a run makes; 0 where it makes one thing."""
        return 0

    def previews(self, config: Config) -> Mapping[str, PreviewRules]:
        """Return the rules of each preview."""
        return {}

    def check_config(self, config: Config) -> None:
        """Raise Unsound, or EngineError, where a config from a file is impossible."""

    def check_results(self, results: Results, config: Config) -> None:
        """Raise Unsound where results of the right types are not those of a config."""

    def columns(self, config: Config, metric: str) -> Sequence[str]:
        """Return the names of a metric's values at one step, where it has several."""
        return [f"{metric}_{row}" for row in range(self.rows(config))]

    def row_names(self, config: Config) -> Sequence[str]:
        """Return what each row is of, in a word or two, for people."""
        return [str(row) for row in range(self.rows(config))]

    # What is said and drawn of its runs.

    @abstractmethod
    def ranking(self, history: "History") -> dict[str, float]:
        """Return the numbers by which runs are compared; the first one ranks, the larger the
        better. NaN is what a run does not have yet."""

    def ranked_parts(self, results: Results) -> Mapping[Hashable, float]:
        """Return what the first of ``ranking`` is the mean of; nothing where it is no mean.

        Settings are compared by the parts that both have.
        """
        return {}

    @abstractmethod
    def headline(self, results: Results) -> str:
        """Return the results in a few words."""

    def score(self, results: Results) -> str:
        """Return the results in a few characters, for a list of runs."""
        return self.headline(results)

    def measured(self, results: Results) -> dict[str, float]:
        """Return the numbers that a list is sorted and filtered by; the first ranks."""
        return {}

    def tabled_by(self, run: "Run") -> Sequence[str]:
        """Return what runs have in common whose results are rows of one table; here its id."""
        return [run.id]

    def table(self, runs: "Sequence[Run]") -> ResultTable:
        """Return the results of finished runs that are tabled together."""
        info = runs[0].read_info()
        table = ResultTable(f"Results of {self.name} on {tested_on(info)}", ("run", "result"))
        table.rows += [(run.id, self.headline(run.read_result())) for run in runs]
        return table

    def caveat(self, results: Results) -> str:
        """Return what to keep in mind about results, "" if nothing."""
        return ""

    def warning(self, run: "Run") -> str:
        """Return what to keep in mind about a run, "" if nothing. Raises EngineError."""
        return self.caveat(run.read_result()) if run.read_info()["status"] == "finished" else ""

    def draw(self, run: "Run", history: "WholeHistory", folder: Path) -> Iterator[Path]:
        """Draw a finished run's figures into a folder and yield the path of each."""
        return iter(())

    def claims(
        self, config: Config, run: "Run", data: "Dataset", device: "Device"
    ) -> Iterator[Claim]:
        """Yield what the referee is to check of a finished run, beside its results."""
        return iter(())
