"""What the files of a sweep hold: ``sweep.json``, the plan, and ``events.jsonl``, its journal."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from engine.files.reader import MB
from engine.files.values import Digest, Id, Moment, Name, Positive
from engine.sweeps.spec import MOST_RUNS

PLAN_FILE, JOURNAL_FILE = "sweep.json", "events.jsonl"
PLAN_LIMIT = 64 * MB  # bytes; a run takes about one kilobyte
MOST_OPTIONS = 64  # in which runs differ; no section has as many

Kind = Literal["planned", "submitted", "begun", "retried", "ended"]
Scalar = str | float | int | bool | None
Value = Scalar | list[Scalar]
Setting = Annotated[dict[str, Value], Meta(max_length=MOST_OPTIONS)]


class PlannedRun(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A run as it was planned: nothing about it is decided later but device and threads."""

    run_id: Id
    section: Name
    config: dict[str, Any]  # of the section's class of configs as asked, every choice made
    needs: list[Id] = []  # runs whose networks it looks at
    companions: list[Id] = []  # runs that its figures show beside it
    dataset: Digest  # of its images
    setting: Setting = {}  # the options in which the sweep's runs differ
    seed: Annotated[int, Meta(ge=0, lt=2**31)]
    code: Digest | None = None  # of the file that its network of one's own is made by


class PlanValues(msgspec.Struct, frozen=True, kw_only=True):
    """What sweep.json holds."""

    schema: Literal[2]  # that of runs, which sweeps came with
    sweep_id: Id
    name: Name
    section: Name
    axes: Annotated[dict[str, list[Value]], Meta(max_length=MOST_OPTIONS)]
    executor: Name
    command: str = ""
    jobs: Positive | None = None
    threads: Positive | None = None
    address: str | None = None
    sbatch: str | None = None  # more options for it, in a line
    array_limit: Positive | None = None  # tasks of a job array, where SLURM does not tell
    figures: bool = False  # whether each run draws its own as it ends
    runs: Annotated[list[PlannedRun], Meta(min_length=1, max_length=10 * MOST_RUNS)]
    started_at: Moment
    finished_at: Moment | None = None


class SweepEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of the journal. Of ``submitted``, ``message`` holds the ids of SLURM's jobs."""

    event: Kind
    time: float
    runs: int = 0  # of ``planned`` and ``submitted``: how many
    run: str = ""
    attempt: int = 0
    status: str = ""  # of ``ended``
    message: str = ""
